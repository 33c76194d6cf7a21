"""What events do to timers: load, decide, save, a batch at a time. Nothing is published from here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.database import Transaction
from contracts.envelope import Message, Record
from services.reminders import metrics
from services.reminders.domain.schedule import Schedule, advance
from services.reminders.domain.timers import Changes, changes, replan
from services.reminders.messages import AppointmentTold, PreferencesTold
from services.reminders.store import schedules as store


async def follow_appointments(
    tx: Transaction, batch: Sequence[tuple[Record, AppointmentTold]], now: datetime | None = None
) -> Sequence[Message]:
    """Keep the newest version of each appointment, and exactly the timers that it asks for.

    Each version is planned for the time of its record; `now` (the present unless given) only keeps what is of no use
    any more from being made, so that a replay reminds nobody of the past.
    """
    await store.lock_organizations(tx, (told.story.organization_id for _, told in batch))
    known = await store.load_schedules(tx, list({told.appointment.id for _, told in batch}))
    preferences = await store.load_switches(
        tx, {person for _, told in batch for person in told.appointment.recipients}
    )
    after: dict[UUID, Schedule] = {}
    newest: dict[UUID, AppointmentTold] = {}
    for _, told in batch:
        identity = told.appointment.id
        before = after.get(identity, known[identity])
        schedule = advance(before, told.appointment, preferences)
        if schedule is None:
            metrics.STALE.inc()
            continue
        if schedule.version > before.version + 1:
            metrics.GAPS.inc()
        after[identity], newest[identity] = schedule, told
    if newest:
        present = now or clock.now()
        await store.save_appointments(tx, list(newest.values()))
        await store.save_timers(
            tx, [changes(known[identity].timers, then.timers, present) for identity, then in after.items()]
        )
    return ()


async def follow_preferences(
    tx: Transaction, batch: Sequence[tuple[Record, PreferencesTold]], now: datetime | None = None
) -> Sequence[Message]:
    """Keep the newest switches of each person, and plan their own timers of appointments to come again."""
    newest: dict[UUID, tuple[Record, PreferencesTold]] = {}
    for record, told in batch:
        if told.person_id not in newest or told.version > newest[told.person_id][1].version:
            newest[told.person_id] = record, told
    await store.lock_organizations(tx, (told.organization_id for _, told in batch))
    changed = await store.save_preferences(tx, (told for _, told in newest.values()))
    if changed:
        await _replan(tx, {person: newest[person] for person in changed}, now or clock.now())
    return ()


async def _replan(
    tx: Transaction, changed: dict[UUID, tuple[Record, PreferencesTold]], now: datetime
) -> None:
    switches = {person: told.switches for person, (_, told) in changed.items()}
    oldest = min(record.timestamp for record, _ in changed.values())
    found = await store.load_appointments_of(tx, set(changed), oldest)
    differences: list[Changes] = []
    for appointment in found.appointments:
        existing = found.timers.get(appointment.id, {})
        for person in changed.keys() & set(appointment.recipients):
            own = {identity: timer for identity, timer in existing.items() if timer.recipient_id == person}
            # A version that was decided later has already said which leads were past by then.
            at = max(changed[person][0].timestamp, appointment.told_at)
            differences.append(changes(own, replan(appointment, switches, own, at, (person,)), now))
    await store.save_timers(tx, differences)


async def nothing_again(_: Transaction, __: Sequence[tuple[Record, object]]) -> Sequence[Message]:
    """Events are answered by timers, not by messages: there is nothing to publish a second time."""
    return ()
