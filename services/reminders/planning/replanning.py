"""Plan existing timers again after preferences change."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from chassis.database.transactions import Database, Transaction
from services.reminders.delegation.mode import OWN, ReminderMode
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import PreferencesInForce
from services.reminders.domain.timers import Changes, Timers, changes, replan
from services.reminders.store import preferences as store
from services.reminders.store import schedules

PORTION = 1_000  # appointments of all organizations, in one transaction


async def of_people(
    tx: Transaction, changed_at: Mapping[UUID, datetime], now: datetime, mode: ReminderMode = OWN
) -> None:
    """Replan the timers of people, by the time their preferences changed. Their organizations are locked."""
    found = await store.load_appointments_of(tx, set(changed_at), min(changed_at.values()))
    organizations = {appointment.organization_id for appointment in found.appointments}
    in_force = await store.load_preferences(tx, changed_at, organizations)
    differences = [
        difference
        for appointment in found.appointments
        for difference in _differences(
            appointment, in_force, found.timers.get(appointment.id, {}), changed_at, now
        )
    ]
    await _save(tx, found, differences, now, mode)


async def of_organizations(database: Database, now: datetime, mode: ReminderMode = OWN) -> None:
    """Replan the future appointments of organizations whose preferences changed, a portion at a time."""
    while True:
        async with database.transaction() as tx:
            organization = await store.organization_to_replan(tx)
            if organization is None:
                return
            await _next_portion(tx, organization, now, mode)


async def _next_portion(tx: Transaction, organization: UUID, now: datetime, mode: ReminderMode) -> None:
    await schedules.lock_organizations(tx, (organization,))
    walk = await store.lock_walk(tx, organization)
    if walk is None:
        return
    until, found = await store.load_portion(tx, organization, walk.after, PORTION)
    people = {person for appointment in found.appointments for person in appointment.recipients}
    in_force = await store.load_preferences(tx, people, (organization,))
    differences = [
        difference
        for appointment in found.appointments
        for difference in _differences(
            appointment,
            in_force,
            found.timers.get(appointment.id, {}),
            dict.fromkeys(appointment.recipients, walk.changed_at),
            now,
        )
    ]
    await _save(tx, found, differences, now, mode)
    await store.note_walk(tx, organization, until)


async def _save(
    tx: Transaction, found: store.Planned, differences: list[Changes], now: datetime, mode: ReminderMode
) -> None:
    await schedules.save_timers(tx, differences)
    await mode.reminders_changed(tx, (appointment.id for appointment in found.appointments), now)


def _differences(
    appointment: Appointment,
    in_force: PreferencesInForce,
    existing: Timers,
    changed_at: Mapping[UUID, datetime],
    now: datetime,
) -> Iterator[Changes]:
    """Yield the changed timers of each of these people that takes part."""
    for person in changed_at.keys() & set(appointment.recipients):
        own = {identity: timer for identity, timer in existing.items() if timer.recipient_id == person}
        # A version that was decided later has already settled which leads were past by then.
        at = max(changed_at[person], appointment.decided_at)
        yield changes(own, replan(appointment, in_force, own, at, (person,)), now)
