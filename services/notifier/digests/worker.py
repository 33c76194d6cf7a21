"""Sends digests when they are due: one delivery for all that waited, decided in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from chassis import clock, telemetry
from chassis.database.transactions import Database, Transaction, is_not_now
from chassis.retrying import Alarm, until_done
from contracts.envelope import Message
from notifications.preferences import NO_RULES, NOTHING_SAID
from services.notifier import metrics
from services.notifier.digests.resolution import Resolution, resolve
from services.notifier.domain.digests import Open, review
from services.notifier.messages import outgoing
from services.notifier.sending.completion import complete
from services.notifier.store import checked, deliveries, digests, outbox, preferences, suspensions
from services.notifier.store.digests import Row

log = telemetry.get_logger()

AT_ONCE = 50
LOOK_EVERY = 1.0  # seconds by which a digest may be late


class Digester:
    """Decides about open digests. `wake` it after a commit that may have changed one.

    `committed` is called after its own commits.
    """

    def __init__(self, database: Database, writer: UUID, committed: Callable[[], None]) -> None:
        self._database = database
        self._writer = writer
        self._committed = committed
        self._alarm = Alarm()

    def wake(self) -> None:
        """Look for due digests soon."""
        self._alarm.ring()

    async def run(self) -> None:
        """Decide about due digests until cancelled."""
        while True:
            self._alarm.reset()
            if await until_done(self.decide_due, passing=is_not_now, waiting=_note_waiting) < AT_ONCE:
                await self._alarm.rest(LOOK_EVERY)

    async def decide_due(self) -> int:
        """Decide about the next due digests, and return their number."""
        async with self._database.transaction() as tx:
            now = clock.now()
            rows = await digests.due(tx, now, AT_ONCE)
            if rows:
                await outbox.note(tx, self._writer, now, await decide(tx, rows, now))
        if rows:
            self._committed()
        return len(rows)


def _note_waiting(error: Exception, attempt: int) -> None:
    log.warning("digests have to wait", reason=str(error)[:300], attempt=attempt)


async def decide(tx: Transaction, rows: Sequence[Row], now: datetime) -> list[Message]:
    """Send, postpone or drop these digests, which the caller has locked; return the messages to publish."""
    waiting = await digests.waiting(tx, [row.id for row in rows])
    looked = {
        item.delivery.id: item
        for item in await checked.look(tx, [one for ids in waiting.values() for one in ids])
    }
    users = {row.user_id for row in rows}
    people = await preferences.load(tx, users)
    organizations = await preferences.organizations(tx, {row.organization_id for row in rows})
    suspended = await suspensions.of(tx, users)
    messages: list[Message] = []
    for row in rows:
        found = review(
            Open(row.day, row.timezone, row.by_choice),
            people.get(row.user_id, NOTHING_SAID),
            organizations.get(row.organization_id, NO_RULES),
            now,
            suspended.get(row.user_id, frozenset()),
        )
        resolution = resolve(row, found, [looked[one] for one in waiting[row.id] if one in looked], now)
        messages += await _carry_out(tx, row, resolution, now)
    return messages


async def _carry_out(tx: Transaction, row: Row, resolution: Resolution, now: datetime) -> list[Message]:
    """Write down the resolution of one digest, and return the messages to publish."""
    if resolution.fault:
        log.error("a digest could not be written", digest=str(row.id), exc_info=resolution.fault)
    ended = [item.delivery for item in resolution.ended]
    await deliveries.settle(tx, ended)
    await deliveries.requeue(tx, resolution.released, now)
    await digests.leave(tx, [item.id for item in (*ended, *resolution.released)])
    messages = await complete(tx, resolution.ended, now)
    if resolution.window:
        due, reason = resolution.window.due, resolution.window.reason
        await digests.postpone(tx, row.id, due, reason, [item.id for item in resolution.kept])
        return messages + [outgoing.event_of(item, now) for item in resolution.moved]
    metrics.DIGESTS.labels(resolution.outcome).inc()
    if resolution.outcome == "dropped":
        await digests.drop(tx, row.id)
        return messages
    await digests.close(tx, row.id, now)
    planned = await deliveries.plan(tx, [resolution.content], now) if resolution.content else []
    return messages + [outgoing.planned(item) for item in planned]
