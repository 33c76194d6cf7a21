"""Loading and saving a batch, with one statement for each table."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import starmap, zip_longest
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Row, Transaction
from chassis.errors import TooMuch
from chassis.verdicts import Verdict
from services.booking.domain.decide import needs_of, time_needs_of
from services.booking.domain.free_time.occupancy import freed_and_taken, needed
from services.booking.domain.free_time.reach import surroundings, widened
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Announced, Beside, Book, Changed, Changes, Sought
from services.booking.domain.model.commands import Command
from services.booking.domain.model.needs import AllNeeds, Known
from services.booking.domain.model.people import People
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.model.times import Period
from services.booking.domain.series.expansion import created, expanded
from services.booking.domain.weight import PLACES_AT_ONCE, places_of_known
from services.booking.store import appointments, diaries
from services.booking.store import people as stored_people
from services.booking.store import series as stored_series
from services.booking.store.decisions import keep_further
from services.booking.store.feeds import keep_feeds, load_feeds
from services.booking.store.hours import load_weekly
from services.booking.store.subscriptions import keep_subscriptions, load_subscriptions

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
AT_ANY_TIME = Period(LONG_AGO, LONG_AGO)


async def load_book(
    tx: Transaction,
    commands: Sequence[Command],
    people: People,
    within: Period = AT_ANY_TIME,
    *,
    sought: Mapping[UUID, Sought] | None = None,
    needs: AllNeeds | None = None,
) -> Book:
    """Lock the organizations of these commands and load everything that the commands need to be decided.

    The decisions are made `within` these times. `sought` is the time around refused commands that an earlier
    book lacked. Raises TooMuch where several commands are more work than one transaction holds.
    """
    needs = needs or needs_of(commands)
    organizations = await _lock_organizations(
        tx, sorted({command.organization for command in commands}), within.start
    )
    subject = await _subject(tx, commands, needs, people, within)
    found = subject.appointments
    names = await stored_people.load(tx, _involved(subject) - people.keys())
    ranges = needed(time_needs_of(subject.commands, Known(found, people)), found)
    closing = diaries.closing(organizations, needs)
    hours = await load_weekly(tx, needs.availability, ranges) if closing.hours else {}
    ranges = widened(ranges, hours, needs.availability) if closing.hours else ranges
    occupied = await appointments.occupied(tx, ranges)
    others = await appointments.load(tx, {entry.appointment_id for _, entry in occupied} - found.keys())
    announced = await _announced(tx, needs.announcements) if needs.announcements else {}
    around = surroundings(sought.values()) if sought else set()
    diary = await diaries.load(tx, needs, closing, hours, ranges | around, within.start)
    feeds = await load_feeds(tx, needs.feeds)
    subscriptions = await load_subscriptions(
        tx, needs.subscriptions, {command.organization for command in commands}
    )
    return Book(
        (*found.values(), *others.values()),
        people,
        occupied | await appointments.occupied(tx, around),
        Beside(names, announced, diary, sought or {}, subject.series.values(), feeds, subscriptions),
    )


class _Subject(NamedTuple):
    """Commands, also those to each occurrence of a series, with the appointments and series that they are
    about.
    """

    commands: list[Command]
    appointments: dict[UUID, Appointment]
    series: Mapping[UUID, Series]


async def _subject(
    tx: Transaction, commands: Sequence[Command], needs: AllNeeds, people: People, within: Period
) -> _Subject:
    new = list(created(commands, people, within.end))
    occurrences = {command.appointment_id for command in new}
    found = await appointments.load(tx, needs.appointments | occurrences)
    if len(commands) > 1 and places_of_known(commands, found) > PLACES_AT_ONCE:
        raise TooMuch
    known = await stored_series.load(tx, commands, found, within.start, occurrences, needs.series)
    every = [*commands, *new]
    if known.series:
        found |= known.occurrences
        every += expanded(commands, found, known.series, *within)
    return _Subject(every, found, known.series)


def _involved(subject: _Subject) -> set[UUID]:
    """Return everybody whom events may have to name."""
    found = subject.appointments.values()
    involved = {user for item in found for user in (item.organizer_id, *item.answers, *item.waiting)}
    for one in subject.series.values():
        involved |= {one.template.organizer_id, *one.template.answers}
    return involved


async def save_changes(tx: Transaction, changes: Changes, verdicts: Sequence[Verdict]) -> None:
    """Write all changes of a batch, and the verdict on each of its commands; raises as `save` does."""
    await save(tx, changes.appointments, verdicts)
    await stored_series.save(tx, changes.series, _added(changes.appointments))
    for organization, when in changes.announced.items():
        times, people = [one.at for one in when], [one.by for one in when]
        await tx.execute(_ANNOUNCE, {"organization": organization, "when": times, "who": people})
    if changes.diary is not None:
        await diaries.save(tx, changes.diary)
    await keep_feeds(tx, changes.feeds)
    await keep_subscriptions(tx, changes.subscriptions)


async def save(tx: Transaction, changed: Sequence[Changed], verdicts: Sequence[Verdict]) -> None:
    """Write the appointments that a batch changed, with the states that its events have, and the verdicts.

    Raises IntegrityConstraintViolationError where another batch was faster: 23P01 for occupied time, 23505
    for a used id.
    """
    freed, taken = freed_and_taken(changed)
    states = dict(pair for item in verdicts for pair in item.states())
    await appointments.free(tx, freed)
    await appointments.update(tx, [after for before, after in changed if before is not None], states)
    await appointments.add(tx, _added(changed), states, taken, verdicts)
    await keep_further(tx, verdicts)


def _added(changed: Sequence[Changed]) -> list[Appointment]:
    return [after for before, after in changed if before is None]


_LOCK = text("""
    SELECT id, has_availability, has_busy_times, held_until > :since AS has_holds FROM organizations
    WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")
_ADD_ORGANIZATIONS = text("""
    INSERT INTO organizations (id) SELECT unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING
""")


async def _lock_organizations(tx: Transaction, ids: list[UUID], since: datetime) -> list[Row]:
    """Lock the rows in id order, so that batches wait for each other instead of deadlocking; add rows that
    are missing.
    """
    if not ids:
        return []
    locked = await tx.execute(_LOCK, {"ids": ids, "since": since})
    if len(locked) < len(ids):
        await tx.execute(_ADD_ORGANIZATIONS, {"ids": ids})
        locked = await tx.execute(_LOCK, {"ids": ids, "since": since})
    return locked


_ANNOUNCED = text("SELECT id, announced, announcers FROM organizations WHERE id = ANY(CAST(:ids AS uuid[]))")
_ANNOUNCE = text("""
    UPDATE organizations SET announced = CAST(:when AS timestamptz[]), announcers = CAST(:who AS uuid[])
    WHERE id = :organization
""")


async def _announced(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[Announced]]:
    """Return the latest announcements of these organizations, whose rows are locked."""
    rows = await tx.execute(_ANNOUNCED, {"ids": list(ids)})
    return {row.id: list(starmap(Announced, zip_longest(row.announced, row.announcers))) for row in rows}
