"""What a batch of records does: it plans, answers, and notes; it calls nobody but Identity, for who is an admin."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from chassis import clock
from chassis import commands as intake
from chassis.database.transactions import Transaction
from chassis.verdicts import Verdict, known
from contracts import topics
from contracts.envelope import Message, Record
from notifications.templates.catalogue import VARIABLES
from services.notifier import metrics
from services.notifier.clients.communication import with_words
from services.notifier.clients.identity import Directory
from services.notifier.domain import model
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.reports import state_after
from services.notifier.messages import outgoing
from services.notifier.messages.commands import Command, decode, user_of
from services.notifier.messages.events import Happened
from services.notifier.messages.incoming import Received, Redriven, Report
from services.notifier.messages.outcomes import messages_for
from services.notifier.planning import deliveries as planning_deliveries
from services.notifier.planning.digest_holds import Wishes, hold_back
from services.notifier.preferences.commands import PreferenceDecisions, would_be_admins
from services.notifier.sending import group_calls
from services.notifier.sending import suspensions as sending_suspensions
from services.notifier.sending.completion import Ended, tell
from services.notifier.store import (
    appointments,
    calls,
    deliveries,
    digests,
    outbox,
    preferences,
    queue,
    suspensions,
)

T = TypeVar("T", Happened, Command, Report, Redriven)
Pairs = Sequence[tuple[Record, T]]
Items = Sequence[tuple[Record, Received]]
REDRIVABLE = frozenset(("failed", "dead_lettered"))


@dataclass(frozen=True, slots=True)
class Handlers:
    """The two halves of the notifier's subscriptions. `writer`: in whose name events are noted for publication.

    `has_own_key` is that of `chassis.consuming.namespaces`.
    """

    writer: UUID
    frontend_url: str
    digest_threshold: int
    partitions: Callable[[str], Awaitable[int]]
    directory: Directory
    has_own_key: Callable[[Command], bool]

    async def handle(self, tx: Transaction, items: Items) -> list[Message]:
        """Commands first, so that what they set counts for the events beside them."""
        now = clock.now()
        answers = await self._set_preferences(tx, _of(items, intake.Received), now)
        planned = await self._plan(tx, _of(items, Happened), now)
        await self._note_reports(tx, _of(items, Report), now)
        await self._redrive(tx, _of(items, Redriven), now)
        return answers + planned

    async def republish(self, tx: Transaction, items: Items) -> list[Message]:
        """The same from what is stored. What reports and redrives caused is in the outbox."""
        answered, verdicts = await self._known(tx, _of(items, intake.Received))
        answers = await self._answers(answered, verdicts)
        happened = _of(items, Happened)
        events = [one.source.id for _, one in happened]
        planned = await deliveries.of_causes(tx, events, [record.position for record, _ in happened])
        return answers + _planned(happened, planned)

    # --- events -------------------------------------------------------------------------------------------------

    async def _plan(self, tx: Transaction, items: Pairs[Happened], now: datetime) -> list[Message]:
        """Insert what follows and tell that it is planned; an event that was planned before is not planned again."""
        if not items:
            return []
        items = await _keep_seen(tx, items)
        known = await deliveries.planned_events(tx, [item.source.id for _, item in items])
        fresh: list[tuple[Record, Happened]] = []
        for record, item in items:
            if item.source.id not in known:
                known.add(item.source.id)
                fresh.append((record, item))
        people = {user for _, item in fresh for user in planning_deliveries.recipients(item)}
        wanted = await preferences.load(tx, people)
        suspended = await suspensions.of(tx, people)
        organizations = await preferences.organizations(
            tx, {item.source.appointment.organization_id for _, item in fresh}
        )
        planned = [
            delivery
            for record, item in fresh
            for delivery in planning_deliveries.planned(
                record, item, wanted, organizations, now, self.frontend_url, suspended
            )
        ]
        wishes = Wishes(wanted, organizations, suspended)
        waiting = await hold_back(tx, [item for item, _ in planned], wishes, self.digest_threshold, now)
        deliveries_planned = await deliveries.plan(tx, planned, now, group_calls.bundles(planned))
        await digests.join(
            tx, {item.id: waiting[item.id] for item in deliveries_planned if item.id in waiting}
        )
        held = [outgoing.event_of(item, now) for item in deliveries_planned if item.state == "held"]
        await outbox.note(tx, self.writer, now, held)
        return _planned(fresh, deliveries_planned)

    # --- commands -----------------------------------------------------------------------------------------------

    async def _set_preferences(self, tx: Transaction, items: Pairs[Command], now: datetime) -> list[Message]:
        if not items:
            return []
        commands = [command for _, command in items]
        admins = await self._admins(tx, commands)
        await preferences.lock_commands(tx)
        items, verdicts = await self._known(tx, items)
        said = PreferenceDecisions(
            people=await preferences.load(tx, {user for command in commands if (user := user_of(command))}),
            organizations=await preferences.organizations(
                tx, {command.organization for command in commands if command.organization}
            ),
            admins=admins,
        )
        fresh: list[Verdict] = []
        for record, command in items:
            if command.key not in verdicts:
                verdicts[command.key] = said.decide(record, command)
                fresh.append(verdicts[command.key])
        await self._keep(tx, said, now)
        await preferences.decide(tx, fresh)
        # Noted, not returned: which channels these commands restored is not kept with their verdicts.
        await outbox.note(tx, self.writer, now, await sending_suspensions.restore(tx, said.spoken_of, now))
        return await self._answers(items, verdicts)

    async def _known(
        self, tx: Transaction, items: Pairs[Command]
    ) -> tuple[Pairs[Command], dict[UUID, Verdict]]:
        """The commands under their keys, and what was decided about them before, by key."""
        if not items:
            return [], {}
        return await known(items, partial(preferences.decided, tx), decode, self.has_own_key)

    async def _admins(self, tx: Transaction, commands: Sequence[Command]) -> set[tuple[UUID, UUID]]:
        """Who of those who set an organization's preferences may: asked before anything but our position is locked."""
        users = would_be_admins(commands)
        if not users:
            return set()
        return await self.directory.admins(users, lambda: tx.stay_open(self.directory.timeout))

    async def _keep(self, tx: Transaction, said: PreferenceDecisions, now: datetime) -> None:
        """Save what changed; what is held for those whom it concerns is looked at again."""
        people, organizations = said.changed_people, said.changed_organizations
        await preferences.save(tx, people)
        await preferences.save_organizations(tx, organizations)
        if people:
            await _look_again(tx, {organization for organization, _ in people.values()}, people, now)
        if organizations:
            await _look_again(tx, organizations, None, now)

    async def _answers(self, items: Pairs[Command], decided: dict[UUID, Verdict]) -> list[Message]:
        if not items:
            return []
        partitions = await self.partitions(topics.NOTIFIER_OUTCOMES.name)
        return [
            message
            for record, command in items
            if command.key in decided
            for message in messages_for(record, command, decided[command.key], partitions)
        ]

    # --- delivery reports and redrives --------------------------------------------------------------------------

    async def _note_reports(self, tx: Transaction, items: Pairs[Report], now: datetime) -> None:
        if not items:
            return
        reports = [report for _, report in items]
        ids = await _deliveries_of(tx, reports)
        known = [identifier for identifier in ids if identifier]
        # First the queue, then the deliveries, as the dispatcher does: in another order they could deadlock.
        await deliveries.unqueue(tx, known)
        rows = await deliveries.locked(tx, known)
        ended: dict[UUID, Delivery] = {}
        sent: list[Message] = []
        for report, identifier in zip(reports, ids, strict=True):
            delivery = rows.get(identifier) if identifier else None
            state = state_after(delivery.state, report.outcome) if delivery else None
            if delivery is None or state is None:
                metrics.REPORTS_IGNORED.labels("unknown" if delivery is None else "too late").inc()
                continue
            answered = delivery.sent_at is not None
            _apply(report, delivery, state)
            if not answered:
                sent.append(outgoing.sent(delivery))
            ended[delivery.id] = delivery
        settled = list(ended.values())
        if settled:
            await deliveries.settle(tx, settled)
            # Suspended first, so that no fallback turns to what has just bounced.
            suspended = await sending_suspensions.suspend(tx, settled, now)
            told = await tell(tx, [Ended(item) for item in settled], now)
            await outbox.note(tx, self.writer, now, [*sent, *told, *suspended])

    async def _redrive(self, tx: Transaction, items: Pairs[Redriven], now: datetime) -> None:
        """Begin anew with deliveries that were given up; whether they are still of use is looked at before the call."""
        if not items:
            return
        rows = await deliveries.locked(tx, [item.delivery_id for _, item in items])
        again = [row for row in rows.values() if row.state in REDRIVABLE]
        for delivery in again:
            delivery.state, delivery.attempts, delivery.reason = "planned", 0, None
            delivery.redrives += 1
        await _correct(tx, again, {item.delivery_id: item.words for _, item in items if item.words})
        if again:
            await deliveries.settle(tx, again)
            await deliveries.requeue(tx, again, now)
            await outbox.note(tx, self.writer, now, [outgoing.event_of(item, now) for item in again])


async def _keep_seen(tx: Transaction, items: Pairs[Happened]) -> Pairs[Happened]:
    """Note how appointments stand, then series, of whose appointments all is known by then.

    Returns the same with what is known of them.
    """
    events = [item.source for _, item in items if isinstance(item.source, model.Event)]
    await appointments.save(tx, planning_deliveries.seen([event for event in events if event.series is None]))
    about = planning_deliveries.of_series(item for _, item in items)
    if not about:
        return items
    standing = await appointments.standing(tx, about)
    complete = [(record, planning_deliveries.completed(item, standing)) for record, item in items]
    told = [item.source for _, item in complete if isinstance(item.source, model.Event)]
    await appointments.save(tx, planning_deliveries.seen([event for event in told if event.series]))
    return complete


async def _correct(
    tx: Transaction, again: Sequence[Delivery], words: Mapping[UUID, Mapping[str, str]]
) -> None:
    """Put an operator's words into the texts that are sent again, as far as their templates have such variables."""
    corrected = {item.id: item.template_id for item in again if item.id in words}
    if not corrected:
        return
    bodies = await deliveries.payloads(tx, list(corrected))
    known = {
        identifier: {
            name: text
            for name, text in words[identifier].items()
            if name in VARIABLES.get(corrected[identifier], ())
        }
        for identifier in bodies
    }
    await deliveries.reword(
        tx, {identifier: with_words(body, known[identifier]) for identifier, body in bodies.items()}
    )


def _of(items: Items, kind: type[T]) -> list[tuple[Record, T]]:
    return [(record, item) for record, item in items if isinstance(item, kind)]


def _planned(items: Pairs[Happened], planned: Sequence[Delivery]) -> list[Message]:
    """`notification.planned` for each delivery, in the order of the records and then of the ids."""
    order = {item.source.id: number for number, (_, item) in enumerate(items)}
    ordered = sorted(planned, key=lambda item: (order[item.event_id], item.id))
    return [outgoing.planned(delivery) for delivery in ordered]


async def _look_again(
    tx: Transaction, organizations: Collection[UUID], users: Collection[UUID] | None, now: datetime
) -> None:
    await queue.look_again(tx, organizations, users, now)
    await digests.look_again(tx, organizations, users, now)


async def _deliveries_of(tx: Transaction, reports: Sequence[Report]) -> list[UUID | None]:
    """The delivery that each report speaks of: by its key, which is a delivery's or, with the recipient, a call's; else
    what was sent last to that person on that channel.
    """
    keyed = [
        (number, (report.delivery_id, report.recipient_id))
        for number, report in enumerate(reports)
        if report.delivery_id and report.recipient_id
    ]
    called = await calls.spoken_of(tx, [asked for _, asked in keyed])
    of_calls = {number: called[position] for position, (number, _) in enumerate(keyed) if position in called}
    vague = [
        (number, (report.appointment_id, report.recipient_id, report.channel))
        for number, report in enumerate(reports)
        if report.delivery_id is None and report.appointment_id and report.recipient_id
    ]
    last = await deliveries.last_sent(tx, [asked for _, asked in vague])
    guessed = {number: last[position] for position, (number, _) in enumerate(vague) if position in last}
    found = of_calls | guessed
    return [found.get(number) or report.delivery_id for number, report in enumerate(reports)]


def _apply(report: Report, delivery: Delivery, state: str) -> None:
    delivery.state, delivery.reason = state, report.reason
    delivery.attempts = max(delivery.attempts, 1)
    delivery.sent_at = delivery.sent_at or report.at
    delivery.delivered_at = report.at if state == "delivered" else None
