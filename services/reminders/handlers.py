"""What events do to timers: load, decide, save, a batch at a time. Nothing is published from here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.database.transactions import Transaction
from contracts.envelope import Message, Record
from notifications.preferences import Organization
from services.reminders import metrics
from services.reminders.delegation import store as delegation_store
from services.reminders.domain.endings import Waits
from services.reminders.domain.schedule import Schedule, advance
from services.reminders.domain.timers import REMINDER, changes
from services.reminders.messages.incoming import AppointmentTold, PreferencesTold, RulesTold
from services.reminders.planning import replanning
from services.reminders.store import preferences
from services.reminders.store import schedules as store

WAITS = Waits()


async def follow_appointments(
    tx: Transaction,
    batch: Sequence[tuple[Record, AppointmentTold]],
    now: datetime | None = None,
    waits: Waits = WAITS,
    delegated: bool = False,
) -> Sequence[Message]:
    """Keep the newest version of each appointment, and exactly the timers that it asks for.

    Each version is planned for the time of its record; `now` (the present unless given) only keeps what is of no use
    any more from being made, so that a replay reminds nobody of the past. `delegated`: what has reminders is to be handed
    over as it is now.
    """
    organizations = {told.appointment.organization_id for _, told in batch}
    await store.lock_organizations(tx, organizations)
    known = await store.load_schedules(tx, list({told.appointment.id for _, told in batch}))
    wishes = await preferences.load_wishes(
        tx, {person for _, told in batch for person in told.appointment.recipients}, organizations
    )
    after: dict[UUID, Schedule] = {}
    newest: dict[UUID, AppointmentTold] = {}
    for _, told in batch:
        identity = told.appointment.id
        before = after.get(identity, known[identity])
        schedule = advance(before, told.appointment, told.course, wishes, waits)
        if schedule is None:
            metrics.STALE.inc()
            continue
        if schedule.version > before.version + 1:
            metrics.GAPS.inc()
        after[identity], newest[identity] = schedule, told
    if newest:
        present = now or clock.now()
        await store.save_appointments(tx, list(newest.values()))
        differences = {
            identity: changes(known[identity].timers, then.timers, present)
            for identity, then in after.items()
        }
        await store.save_timers(tx, differences.values())
        if delegated:
            remind = [
                identity
                for identity, difference in differences.items()
                if any(t.kind == REMINDER for t in (*known[identity].timers.values(), *difference.new))
            ]
            await delegation_store.mark(tx, remind, present)
    return ()


async def follow_preferences(
    tx: Transaction,
    batch: Sequence[tuple[Record, PreferencesTold | RulesTold]],
    now: datetime | None = None,
    delegated: bool = False,
) -> Sequence[Message]:
    """Keep the newest preferences of people and organizations; plan people's own timers of appointments to come again.

    An organization can have more appointments than one transaction should touch: they are planned again by and by.
    """
    people: dict[UUID, tuple[datetime, PreferencesTold]] = {}
    rules: dict[UUID, tuple[datetime, Organization]] = {}
    for record, told in batch:
        if isinstance(told, RulesTold):
            known = rules.get(told.organization_id)
            if known is None or told.rules.version > known[1].version:
                rules[told.organization_id] = record.timestamp, told.rules
        elif (
            told.person_id not in people
            or told.preferences.version > people[told.person_id][1].preferences.version
        ):
            people[told.person_id] = record.timestamp, told
    await store.lock_organizations(tx, {told.organization_id for _, told in batch})
    if rules:
        await preferences.save_organizations(tx, rules)
    changed = await preferences.save_people(
        tx, {person: told.preferences for person, (_, told) in people.items()}
    )
    if changed:
        told_at = {person: people[person][0] for person in changed}
        await replanning.of_people(tx, told_at, now or clock.now(), delegated)
    return ()


async def nothing_to_republish(_: Transaction, __: Sequence[tuple[Record, object]]) -> Sequence[Message]:
    """Events are answered by timers, not by messages: there is nothing to publish a second time."""
    return ()
