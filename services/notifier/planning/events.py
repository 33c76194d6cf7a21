"""From a batch of events to planned deliveries, some of them held for digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.database.transactions import Transaction
from contracts.envelope import Message, Record
from services.notifier.domain import model
from services.notifier.domain.delivery import Delivery
from services.notifier.messages import outgoing
from services.notifier.messages.events import Happened
from services.notifier.planning import deliveries as planning_deliveries
from services.notifier.planning.digest_holds import PreferencesOf, hold_back
from services.notifier.sending import group_calls
from services.notifier.store import appointments, deliveries, digests, outbox, preferences, suspensions

Events = Sequence[tuple[Record, Happened]]


@dataclass(frozen=True, slots=True)
class EventPlanning:
    """Plans deliveries. `digest_threshold`: messages that a person gets one by one on a day; 0: no limit."""

    writer: UUID
    frontend_url: str
    digest_threshold: int

    async def handle(self, tx: Transaction, events: Events, now: datetime) -> list[Message]:
        """Plan the deliveries that follow, and return an event about each.

        An event is planned at most once.
        """
        if not events:
            return []
        events = await _keep_seen(tx, events)
        fresh = await _not_planned(tx, events)
        wanted = await _preferences_of(tx, [event for _, event in fresh])
        candidates = [
            item
            for record, event in fresh
            for item in planning_deliveries.planned(
                record,
                event,
                wanted.people,
                wanted.organizations,
                now,
                self.frontend_url,
                wanted.suspended,
            )
        ]
        held = await hold_back(tx, [item for item, _ in candidates], wanted, self.digest_threshold, now)
        candidates = [
            (held[item.id].delivery if item.id in held else item, body) for item, body in candidates
        ]
        planned = await deliveries.plan(tx, candidates, now, group_calls.bundles(candidates))
        await digests.join(tx, {item.id: held[item.id].digest_id for item in planned if item.id in held})
        holds = [outgoing.event_of(item, now) for item in planned if item.state == "held"]
        await outbox.note(tx, self.writer, now, holds)
        return _messages(fresh, planned)

    async def republish(self, tx: Transaction, events: Events) -> list[Message]:
        """Return the same messages from the database."""
        ids = [event.source.id for _, event in events]
        planned = await deliveries.of_causes(tx, ids, [record.position for record, _ in events])
        return _messages(events, planned)


async def _keep_seen(tx: Transaction, events: Events) -> Events:
    """Save the state of appointments, then of series.

    Return the events with the present state of each series.
    """
    single = [event.source for _, event in events if isinstance(event.source, model.Event)]
    await appointments.save(tx, planning_deliveries.seen([event for event in single if event.series is None]))
    about = planning_deliveries.of_series(event for _, event in events)
    if not about:
        return events
    standing = await appointments.standing(tx, about)
    complete = [(record, planning_deliveries.completed(event, standing)) for record, event in events]
    of_series = [event.source for _, event in complete if isinstance(event.source, model.Event)]
    await appointments.save(tx, planning_deliveries.seen([event for event in of_series if event.series]))
    return complete


async def _not_planned(tx: Transaction, events: Events) -> Events:
    """Return the events that were not planned before, each once."""
    known = await deliveries.planned_events(tx, [event.source.id for _, event in events])
    fresh: list[tuple[Record, Happened]] = []
    for record, event in events:
        if event.source.id not in known:
            known.add(event.source.id)
            fresh.append((record, event))
    return fresh


async def _preferences_of(tx: Transaction, events: Sequence[Happened]) -> PreferencesOf:
    """Return the preferences of everybody who may get a notification about these events."""
    people = {user for event in events for user in planning_deliveries.recipients(event)}
    organizations = {event.source.appointment.organization_id for event in events}
    wanted = await preferences.load(tx, people)
    suspended = await suspensions.of(tx, people)
    return PreferencesOf(wanted, await preferences.organizations(tx, organizations), suspended)


def _messages(events: Events, planned: Sequence[Delivery]) -> list[Message]:
    """Return `notification.planned` for each delivery, in the order of the records and then of the ids."""
    order = {event.source.id: number for number, (_, event) in enumerate(events)}
    ordered = sorted(planned, key=lambda item: (order[item.event_id], item.id))
    return [outgoing.planned(delivery) for delivery in ordered]
