"""A batch is loaded and saved with one statement for each table."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Row, Transaction
from chassis.errors import TooMuch
from chassis.verdicts import Verdict
from services.booking.domain.free_time.occupancy import freed_and_taken, needed
from services.booking.domain.free_time.reach import surroundings, widened
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book, Changed, Sought
from services.booking.domain.model.commands import Announce, Command, OfAppointment
from services.booking.domain.model.diary import DiaryChanges
from services.booking.domain.model.feed import Feed
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

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
AT_ANY_TIME = Period(LONG_AGO, LONG_AGO)


async def load_book(
    tx: Transaction,
    commands: Sequence[Command],
    people: People,
    within: Period = AT_ANY_TIME,
    *,
    sought: Mapping[UUID, Sought] | None = None,
) -> Book:
    """Lock the organizations of these commands and load everything that they need to be decided.

    Its decisions are made `within` these times. `sought`: what an earlier book missed to find other times for what was
    refused. Raises TooMuch where several commands are more work than one transaction holds.
    """
    organizations = await _lock_organizations(
        tx, sorted({command.organization for command in commands}), within.start
    )
    asked, found, series = await _asked(tx, commands, people, within)
    last_told = await stored_people.load(tx, _involved(found, series) - people.keys())
    ranges = needed(asked, found, people)
    closing = diaries.closing(organizations, commands)
    hours = await load_weekly(tx, commands, ranges) if closing.hours else {}
    ranges = widened(ranges, hours, commands) if closing.hours else ranges
    occupied = await appointments.occupied(tx, ranges)
    others = await appointments.load(tx, {entry.appointment_id for _, entry in occupied} - found.keys())
    announcing = {command.organization for command in commands if isinstance(command, Announce)}
    announced = await _announced(tx, announcing) if announcing else {}
    around = surroundings(sought.values()) if sought else set()
    diary = await diaries.load(tx, commands, closing, hours, ranges | around, within.start)
    return Book(
        (*found.values(), *others.values()),
        people,
        last_told,
        occupied | await appointments.occupied(tx, around),
        announced,
        diary,
        surrounded=sought,
        series=series.values(),
        feeds=await load_feeds(tx, commands),
    )


class _Asked(NamedTuple):
    """What commands ask, also of each occurrence of a series; the appointments and series that it is about."""

    commands: list[Command]
    found: dict[UUID, Appointment]
    series: Mapping[UUID, Series]


async def _asked(tx: Transaction, commands: Sequence[Command], people: People, within: Period) -> _Asked:
    new = list(created(commands, people, within.end))
    asked = [*commands, *new]
    found = await appointments.load(
        tx, {command.appointment_id for command in asked if isinstance(command, OfAppointment)}
    )
    if len(commands) > 1 and places_of_known(commands, found) > PLACES_AT_ONCE:
        raise TooMuch
    known = await stored_series.load(
        tx, commands, found, within.start, {command.appointment_id for command in new}
    )
    if known.series:
        found |= known.occurrences
        asked += expanded(commands, found, known.series, *within)
    return _Asked(asked, found, known.series)


def _involved(found: Mapping[UUID, Appointment], series: Mapping[UUID, Series]) -> set[UUID]:
    """Everybody whom events may have to name."""
    involved = {user for item in found.values() for user in (item.organizer_id, *item.answers, *item.waiting)}
    for one in series.values():
        involved |= {one.template.organizer_id, *one.template.answers}
    return involved


async def save(
    tx: Transaction,
    changed: Sequence[Changed],
    verdicts: Sequence[Verdict],
    announced: Mapping[UUID, Sequence[datetime]] | None = None,
    noted: DiaryChanges | None = None,
    series: Sequence[Series] = (),
    feeds: Sequence[Feed] = (),
) -> None:
    """Write what a batch changed, with the states that its events tell, and what was decided about each command.

    Raises IntegrityConstraintViolationError when somebody else was faster: 23P01 for occupied time, 23505 for a used id.
    """
    freed, taken = freed_and_taken(changed)
    states = dict(pair for item in verdicts for pair in item.states())
    await appointments.free(tx, freed)
    await appointments.update(tx, [after for before, after in changed if before is not None], states)
    added = [after for before, after in changed if before is None]
    await appointments.add(tx, added, states, taken, verdicts)
    await stored_series.save(tx, series, added)
    await keep_further(tx, verdicts)
    for organization, when in (announced or {}).items():
        await tx.execute(_ANNOUNCE, {"organization": organization, "when": list(when)})
    if noted is not None:
        await diaries.save(tx, noted)
    await keep_feeds(tx, feeds)


_LOCK = text("""
    SELECT id, has_availability, has_busy_times, held_until > :since AS has_holds FROM organizations
    WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")
_ADD_ORGANIZATIONS = text("""
    INSERT INTO organizations (id) SELECT unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING
""")


async def _lock_organizations(tx: Transaction, ids: list[UUID], since: datetime) -> list[Row]:
    """In id order, so that batches wait for each other instead of deadlocking; a new organization gets its row."""
    if not ids:
        return []
    locked = await tx.execute(_LOCK, {"ids": ids, "since": since})
    if len(locked) < len(ids):
        await tx.execute(_ADD_ORGANIZATIONS, {"ids": ids})
        locked = await tx.execute(_LOCK, {"ids": ids, "since": since})
    return locked


_ANNOUNCED = text("SELECT id, announced FROM organizations WHERE id = ANY(CAST(:ids AS uuid[]))")
_ANNOUNCE = text("""
    UPDATE organizations SET announced = CAST(:when AS timestamptz[]) WHERE id = :organization
""")


async def _announced(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[datetime]]:
    """When these organizations, whose rows are locked, last announced something."""
    return {row.id: row.announced for row in await tx.execute(_ANNOUNCED, {"ids": list(ids)})}
