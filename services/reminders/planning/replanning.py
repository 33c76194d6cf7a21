"""Timers that exist, planned again because somebody wants to be reminded otherwise."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from chassis.database.transactions import Database, Transaction
from services.reminders.delegation import store as delegation_store
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import Wishes
from services.reminders.domain.timers import Changes, Timers, changes, replan
from services.reminders.store import preferences as store
from services.reminders.store import schedules

PORTION = 1_000  # appointments, of whichever organization, in one transaction


async def of_people(
    tx: Transaction, told: Mapping[UUID, datetime], now: datetime, delegated: bool = False
) -> None:
    """Plan the timers of these people again, whose preferences were told then. Their organizations are locked."""
    found = await store.load_appointments_of(tx, set(told), min(told.values()))
    organizations = {appointment.organization_id for appointment in found.appointments}
    wishes = await store.load_wishes(tx, told, organizations)
    differences = [
        difference
        for appointment in found.appointments
        for difference in _differences(appointment, wishes, found.timers.get(appointment.id, {}), told, now)
    ]
    await schedules.save_timers(tx, differences)
    if delegated:
        await delegation_store.mark(tx, [appointment.id for appointment in found.appointments], now)


async def of_organizations(database: Database, now: datetime, delegated: bool = False) -> None:
    """Plan the appointments to come of every organization that changed its defaults, a portion at a time."""
    while True:
        async with database.transaction() as tx:
            organization = await store.organization_to_replan(tx)
            if organization is None:
                return
            await _next_portion(tx, organization, now, delegated)


async def _next_portion(tx: Transaction, organization: UUID, now: datetime, delegated: bool) -> None:
    await schedules.lock_organizations(tx, (organization,))
    walk = await store.lock_walk(tx, organization)
    if walk is None:
        return
    until, found = await store.load_portion(tx, organization, walk.after, PORTION)
    people = {person for appointment in found.appointments for person in appointment.recipients}
    wishes = await store.load_wishes(tx, people, (organization,))
    differences = [
        difference
        for appointment in found.appointments
        for difference in _differences(
            appointment,
            wishes,
            found.timers.get(appointment.id, {}),
            dict.fromkeys(appointment.recipients, walk.told_at),
            now,
        )
    ]
    await schedules.save_timers(tx, differences)
    if delegated:
        await delegation_store.mark(tx, [appointment.id for appointment in found.appointments], now)
    await store.note_walk(tx, organization, until)


def _differences(
    appointment: Appointment, wishes: Wishes, existing: Timers, told: Mapping[UUID, datetime], now: datetime
) -> Iterator[Changes]:
    """What changes for each of those people who takes part."""
    for person in told.keys() & set(appointment.recipients):
        own = {identity: timer for identity, timer in existing.items() if timer.recipient_id == person}
        # A version that was decided later has already said which leads were past by then.
        at = max(told[person], appointment.told_at)
        yield changes(own, replan(appointment, wishes, own, at, (person,)), now)
