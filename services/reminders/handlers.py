"""Apply events to timers: load, decide, save, a batch at a time. Nothing is published from here."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.database.transactions import Transaction
from contracts.envelope import Message, Record
from notifications.preferences import Organization
from services.reminders import metrics
from services.reminders.calendars import store as calendar_store
from services.reminders.delegation.mode import OWN, ReminderMode
from services.reminders.domain.channels import PreferencesInForce
from services.reminders.domain.endings import Waits
from services.reminders.domain.schedule import Schedule, advance
from services.reminders.domain.timers import REMINDER, Changes, changes
from services.reminders.messages.calendars import CalendarsChange
from services.reminders.messages.incoming import (
    AppointmentChange,
    OrganizationPreferencesChange,
    PreferencesChange,
)
from services.reminders.planning import replanning
from services.reminders.store import preferences
from services.reminders.store import schedules as store

WAITS = Waits()


async def follow_booking(
    tx: Transaction,
    batch: Sequence[tuple[Record, AppointmentChange | CalendarsChange]],
    waits: Waits = WAITS,
    mode: ReminderMode = OWN,
) -> Sequence[Message]:
    """Keep the newest version of each appointment with its timers, and of each person's subscribed calendars."""
    calendars = [event for _, event in batch if isinstance(event, CalendarsChange)]
    if calendars:
        await calendar_store.follow(tx, calendars, clock.now())
    appointments = [(record, event) for record, event in batch if isinstance(event, AppointmentChange)]
    if appointments:
        await follow_appointments(tx, appointments, waits=waits, mode=mode)
    return ()


async def follow_appointments(
    tx: Transaction,
    batch: Sequence[tuple[Record, AppointmentChange]],
    now: datetime | None = None,
    waits: Waits = WAITS,
    mode: ReminderMode = OWN,
) -> Sequence[Message]:
    """Keep the newest version of each appointment, and exactly its timers.

    Each version is planned as of the time of its record. `now` (default: the present) only keeps timers that
    are no longer useful from being made, so that a replay sends no reminders of the past.
    """
    versions = [event for _, event in batch]
    organizations = {event.appointment.organization_id for event in versions}
    await store.lock_organizations(tx, organizations)
    known = await store.load_schedules(tx, list({event.appointment.id for event in versions}))
    in_force = await preferences.load_preferences(
        tx, {person for event in versions for person in event.appointment.recipients}, organizations
    )
    after, newest = _advance(versions, known, in_force, waits)
    if newest:
        present = now or clock.now()
        await store.save_appointments(tx, list(newest.values()))
        differences = {
            identity: changes(known[identity].timers, schedule.timers, present)
            for identity, schedule in after.items()
        }
        await store.save_timers(tx, differences.values())
        await mode.reminders_changed(tx, _with_reminders(known, differences), present)
    return ()


def _advance(
    versions: Sequence[AppointmentChange],
    known: Mapping[UUID, Schedule],
    in_force: PreferencesInForce,
    waits: Waits,
) -> tuple[dict[UUID, Schedule], dict[UUID, AppointmentChange]]:
    """Return the schedule after these versions, and the newest version, of each appointment that changes."""
    after: dict[UUID, Schedule] = {}
    newest: dict[UUID, AppointmentChange] = {}
    for event in versions:
        identity = event.appointment.id
        before = after.get(identity, known[identity])
        schedule = advance(before, event.appointment, event.course, in_force, waits)
        if schedule is None:
            metrics.STALE.inc()
            continue
        if schedule.version > before.version + 1:
            metrics.GAPS.inc()
        after[identity], newest[identity] = schedule, event
    return after, newest


def _with_reminders(known: Mapping[UUID, Schedule], differences: Mapping[UUID, Changes]) -> Iterator[UUID]:
    """Yield the appointments that had pending reminders or have new ones."""
    for identity, difference in differences.items():
        if any(timer.kind == REMINDER for timer in (*known[identity].timers.values(), *difference.new)):
            yield identity


async def follow_preferences(
    tx: Transaction,
    batch: Sequence[tuple[Record, PreferencesChange | OrganizationPreferencesChange]],
    now: datetime | None = None,
    mode: ReminderMode = OWN,
) -> Sequence[Message]:
    """Keep the newest preferences of people and organizations; replan a person's timers at once.

    An organization can have more appointments than one transaction should touch: those are replanned in
    portions.
    """
    people: dict[UUID, tuple[datetime, PreferencesChange]] = {}
    rules: dict[UUID, tuple[datetime, Organization]] = {}
    for record, event in batch:
        if isinstance(event, OrganizationPreferencesChange):
            known = rules.get(event.organization_id)
            if known is None or event.rules.version > known[1].version:
                rules[event.organization_id] = record.timestamp, event.rules
        elif (
            event.person_id not in people
            or event.preferences.version > people[event.person_id][1].preferences.version
        ):
            people[event.person_id] = record.timestamp, event
    await store.lock_organizations(tx, {event.organization_id for _, event in batch})
    if rules:
        await preferences.save_organizations(tx, rules)
    changed = await preferences.save_people(
        tx, {person: event.preferences for person, (_, event) in people.items()}
    )
    if changed:
        changed_at = {person: people[person][0] for person in changed}
        await replanning.of_people(tx, changed_at, now or clock.now(), mode)
    return ()


async def nothing_to_republish(_: Transaction, __: Sequence[tuple[Record, object]]) -> Sequence[Message]:
    """Return nothing: events lead to timers, not to messages."""
    return ()
