"""Load, decide, save, publish: the same for every topic, live and in a rebuild."""

from collections.abc import Sequence

from chassis import clock
from chassis.database.transactions import Transaction
from contracts import topics
from contracts.envelope import Message, Record
from services.projector import metrics
from services.projector.domain import calendar, deliveries, outcomes
from services.projector.domain.calendar import Change
from services.projector.domain.deliveries import Delivery
from services.projector.domain.outcomes import CommandOutcome, Preference, Rules, Suspension
from services.projector.domain.times import (
    BusyTimes,
    CalendarSubscriptions,
    Feed,
    Hold,
    Hours,
    Series,
    ended,
    newest,
    ranges_of,
)
from services.projector.messages import delivery_states
from services.projector.messages.incoming import Body, Fact, shown
from services.projector.store import appointments as store_appointments
from services.projector.store import free_time

REDRIVE = topics.redrive("projector").name


async def handle(tx: Transaction, records: Sequence[tuple[Record, Fact]]) -> list[Message]:
    """Show a batch of records of any topics; return the messages about the views."""
    if any(record.topic == REDRIVE for record, _ in records):
        await store_appointments.lock_views(tx)
    await apply(tx, [fact.body for _, fact in records])
    metrics.VISIBLE_SECONDS.observe(max(0.0, (clock.now() - records[0][0].timestamp).total_seconds()))
    return await republish(tx, records)


async def republish(tx: Transaction, records: Sequence[tuple[Record, Fact]]) -> list[Message]:
    """Return the same messages for the same records, shown or not: they follow from the records alone.

    States of deliveries are the exception: they are not urgent, so they are gathered to cost little.
    """
    messages = [message for record, fact in records if (message := shown(record, fact)) is not None]
    appointments = delivery_states.appointments_of(records)
    if appointments:
        messages += delivery_states.changed(records, await store_appointments.organizers(tx, appointments))
    return messages


async def apply(tx: Transaction, bodies: Sequence[Body], *, bulk: bool = False) -> None:
    """Write these records into the views of this connection; `bulk`: there is no other writer."""
    if changes := [body for body in bodies if isinstance(body, Change)]:
        await _show_changes(tx, changes, bulk)
    if states := [body for body in bodies if isinstance(body, Delivery)]:
        standing = await store_appointments.known_deliveries(tx, {state.id for state in states})
        show, counts = deliveries.project(states, standing)
        await store_appointments.show_deliveries(tx, show, counts)
    if command_outcomes := [body for body in bodies if isinstance(body, CommandOutcome)]:
        await store_appointments.keep_outcomes(tx, command_outcomes)
    if preferences := [body for body in bodies if isinstance(body, Preference)]:
        await store_appointments.show_preferences(tx, outcomes.newest(preferences))
    if rules := [body for body in bodies if isinstance(body, Rules)]:
        await store_appointments.show_rules(tx, outcomes.newest_rules(rules))
    if suspensions := [body for body in bodies if isinstance(body, Suspension)]:
        await store_appointments.show_suspensions(tx, outcomes.newest_suspensions(suspensions))
    await _show_times(tx, bodies)


async def _show_times(tx: Transaction, bodies: Sequence[Body]) -> None:
    if hours := [body for body in bodies if isinstance(body, Hours)]:
        await free_time.show_hours(tx, newest(hours, lambda one: one.user_id))
    if busy := [body for body in bodies if isinstance(body, BusyTimes)]:
        await free_time.show_busy_times(tx, ranges_of(busy), newest(busy, lambda one: one.user_id))
    if holds := [hold for body in bodies if (hold := _hold(body)) is not None]:
        await free_time.show_holds(tx, newest(holds, lambda one: one.id))
    if series := [body for body in bodies if isinstance(body, Series)]:
        await free_time.show_series(tx, newest(series, lambda one: one.id))
    if feeds := [body for body in bodies if isinstance(body, Feed)]:
        await free_time.show_feeds(tx, newest(feeds, lambda one: one.user_id))
    if subscriptions := [body for body in bodies if isinstance(body, CalendarSubscriptions)]:
        await free_time.show_subscriptions(tx, newest(subscriptions, lambda one: one.user_id))


def _hold(body: Body) -> Hold | None:
    """Return a record's hold: its own, or the ended one of a booked appointment; None without any."""
    if isinstance(body, Change):
        return ended(body.hold_id, body.organization_id, body.at) if body.hold_id else None
    return body if isinstance(body, Hold) else None


async def _show_changes(tx: Transaction, changes: list[Change], bulk: bool) -> None:
    known = await store_appointments.known_appointments(tx, {change.appointment_id for change in changes})
    if bulk and (new := calendar.unique(change for change in changes if change.appointment_id not in known)):
        await store_appointments.copy_changes(tx, calendar.project(new, {}), new, calendar.counts(new))
        changes = [change for change in changes if change.appointment_id in known]
    if changes:
        await store_appointments.show_changes(tx, calendar.project(changes, known), changes)
