"""Sends digests when they are due: one delivery for all that waited, decided in one transaction, once for each window."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from chassis import clock, telemetry
from chassis.database.transactions import Database, Transaction, is_not_now
from chassis.retrying import Alarm, until_done
from contracts.envelope import Message
from notifications.preferences import NO_RULES, NOTHING_SAID
from services.notifier import metrics
from services.notifier.digests.delivery import summed_up
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.digests import (
    Close,
    Open,
    Release,
    Review,
    Window,
    can_wait,
    review,
    unwanted,
)
from services.notifier.messages import outgoing
from services.notifier.planning.digest_holds import message_of
from services.notifier.sending.attempt import bounced, expired, obsolete
from services.notifier.sending.completion import Ended, tell
from services.notifier.store import deliveries, digests, outbox, preferences, queue, suspensions
from services.notifier.store.digests import Row
from services.notifier.store.queue import Checked

log = telemetry.get_logger()

AT_ONCE = 50
LOOK_EVERY = 1.0  # how late a digest may be, in seconds


class Digester:
    """Decides about open digests; `wake` it after a commit that may have changed one. `committed` is told of its own."""

    def __init__(self, database: Database, writer: UUID, committed: Callable[[], None]) -> None:
        self._database = database
        self._writer = writer
        self._committed = committed
        self._alarm = Alarm()

    def wake(self) -> None:
        """There may be something to decide."""
        self._alarm.ring()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._alarm.reset()
            if await until_done(self.decide_due, passing=is_not_now, waiting=_note_waiting) < AT_ONCE:
                await self._alarm.rest(LOOK_EVERY)

    async def decide_due(self) -> int:
        """Decide about the next digests that are due; returns how many."""
        async with self._database.transaction() as tx:
            now = clock.now()
            rows = await digests.due(tx, now, AT_ONCE)
            if rows:
                await outbox.note(tx, self._writer, now, await decided(tx, rows, now))
        if rows:
            self._committed()
        return len(rows)


def _note_waiting(error: Exception, attempt: int) -> None:
    log.warning("digests have to wait", reason=str(error)[:300], attempt=attempt)


async def decided(tx: Transaction, rows: Sequence[Row], now: datetime) -> list[Message]:
    """Send, postpone or drop these digests, which are locked; returns what to tell of it."""
    waiting = await digests.waiting(tx, [row.id for row in rows])
    looked = {
        item.delivery.id: item
        for item in await queue.look(tx, [one for ids in waiting.values() for one in ids])
    }
    users = {row.user_id for row in rows}
    people = await preferences.load(tx, users)
    organizations = await preferences.organizations(tx, {row.organization_id for row in rows})
    suspended = await suspensions.of(tx, users)
    messages: list[Message] = []
    for row in rows:
        own = people.get(row.user_id, NOTHING_SAID)
        organization = organizations.get(row.organization_id, NO_RULES)
        dead = suspended.get(row.user_id, frozenset())
        found = review(Open(row.day, row.timezone, row.by_choice), own, organization, now, dead)
        mine = [looked[one] for one in waiting[row.id] if one in looked]
        useless = [ended for item in mine if (ended := _useless(item, now))]
        gone = {ended.delivery.id for ended in useless}
        rest = [item for item in mine if item.delivery.id not in gone]
        await deliveries.settle(tx, [ended.delivery for ended in useless])
        await digests.leave(tx, list(gone))
        messages += await tell(tx, useless, now)
        messages += await _carry_out(tx, row, found, rest, now)
    return messages


async def _carry_out(
    tx: Transaction, row: Row, found: Review, waiting: Sequence[Checked], now: datetime
) -> list[Message]:
    match found:
        case Close(decision) if waiting:
            try:
                delivery, body = summed_up(
                    row, waiting, decision, waiting[0].own, waiting[0].organization, now
                )
            except (
                Exception
            ):  # ours; what waited must not be lost for it, nor stand in the way of other digests
                log.exception("a digest could not be written", digest=str(row.id))
                return await _carry_out(tx, row, Release(), waiting, now)
            await digests.close(tx, row.id, now)
            metrics.DIGESTS.labels("sent").inc()
            return [outgoing.planned(item) for item in await deliveries.plan(tx, [(delivery, body)], now)]
        case Close():
            await digests.close(tx, row.id, now)
            metrics.DIGESTS.labels("empty").inc()
            return []
        case Release():
            await deliveries.requeue(tx, [item.delivery for item in waiting], now)
            await digests.drop(tx, row.id)
            metrics.DIGESTS.labels("dropped").inc()
            return []
        case window:
            stay = [
                item
                for item in waiting
                if can_wait(message_of(item.delivery), window, item.own, item.organization)
            ]
            kept = {item.delivery.id for item in stay}
            leaving = [item.delivery for item in waiting if item.delivery.id not in kept]
            await deliveries.requeue(tx, leaving, now)
            await digests.leave(tx, [item.id for item in leaving])
            await digests.postpone(tx, row.id, window.due, window.reason, list(kept))
            return [
                _held(item.delivery, window, now) for item in stay if item.delivery.held_until != window.due
            ]


def _useless(looked: Checked, now: datetime) -> Ended | None:
    """The end of what has lost its use while it waited, or is not wanted or cannot arrive any more."""
    reason = (
        obsolete(looked, now)
        or unwanted(message_of(looked.delivery), looked.own, looked.organization)
        or bounced(looked)
    )
    return expired(looked, reason) if reason else None


def _held(delivery: Delivery, window: Window, now: datetime) -> Message:
    delivery.held_until, delivery.reason = window.due, window.reason
    return outgoing.event_of(delivery, now)
