"""All of booking's SQL: a batch is loaded and saved with one statement for each table."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis.database import Row, Transaction
from chassis.errors import TooMuch
from services.booking import diaries, series_store
from services.booking.domain.appointment import Appointment
from services.booking.domain.book import Book, Changed, Sought
from services.booking.domain.calendar import Entry
from services.booking.domain.commands import Announce, Command, OfAppointment
from services.booking.domain.diary import Noted
from services.booking.domain.expansion import created, expanded
from services.booking.domain.feeds import Feed
from services.booking.domain.occupancy import Busy, freed_and_taken, needed
from services.booking.domain.people import People, Person
from services.booking.domain.reach import surroundings, widened
from services.booking.domain.series import Series
from services.booking.domain.times import Period
from services.booking.feeds import keep_feeds, load_feeds
from services.booking.hours_store import load_weekly
from services.booking.verdicts import Further, Verdict
from services.booking.wire import appointment_of

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FURTHER_AT_ONCE = 32 * 1024 * 1024  # bytes of events; one command may have more
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
    refused. Raises TooMuch for what is too much about series.
    """
    organizations = await _lock_organizations(
        tx, sorted({command.organization for command in commands}), within.start
    )
    asked, found, series = await _asked(tx, commands, people, within)
    last_told = await _people(tx, _involved(found, series) - people.keys())
    ranges = needed(asked, found, people)
    closing = diaries.closing(organizations, commands)
    hours = await load_weekly(tx, commands, ranges) if closing.hours else {}
    ranges = widened(ranges, hours, commands) if closing.hours else ranges
    occupied = await _occupied(tx, ranges)
    others = await _appointments(tx, {entry.appointment_id for _, entry in occupied} - found.keys())
    announcing = {command.organization for command in commands if isinstance(command, Announce)}
    announced = await _announced(tx, announcing) if announcing else {}
    around = surroundings(sought.values()) if sought else set()
    diary = await diaries.load(tx, commands, closing, hours, ranges | around, within.start)
    return Book(
        (*found.values(), *others.values()),
        people,
        last_told,
        occupied | await _occupied(tx, around),
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
    found = await _appointments(
        tx, {command.appointment_id for command in asked if isinstance(command, OfAppointment)}
    )
    known = await series_store.load(
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
    noted: Noted | None = None,
    series: Sequence[Series] = (),
    feeds: Sequence[Feed] = (),
) -> None:
    """Write what a batch changed, with the states that its events tell, and what was decided about each command.

    Raises IntegrityConstraintViolationError when somebody else was faster: 23P01 for occupied time, 23505 for a used id.
    """
    freed, taken = freed_and_taken(changed)
    states = dict(pair for item in verdicts for pair in item.states())
    await _free(tx, freed)
    await _update(tx, [after for before, after in changed if before is not None], states)
    added = [after for before, after in changed if before is None]
    await _add(tx, added, states, taken, verdicts)
    await series_store.save(tx, series, added)
    await _keep_further(tx, verdicts)
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


_APPOINTMENTS = text("""
    SELECT state, organizer_confirmed FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))
""")


async def _appointments(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Appointment]:
    """Of any organization: an id that another one uses is taken all the same."""
    if not ids:
        return {}
    rows = await tx.execute(_APPOINTMENTS, {"ids": list(ids)})
    found = (appointment_of(state, confirmed) for state, confirmed in rows)
    return {appointment.id: appointment for appointment in found}


_PEOPLE = text("""
    SELECT id, organization_id, name, timezone, locale, roles, active
    FROM people WHERE id = ANY(CAST(:ids AS uuid[]))
""")


async def _people(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Person]:
    """As Identity last told of them: for names in events, never to vouch for anybody."""
    if not ids:
        return {}
    rows = await tx.execute(_PEOPLE, {"ids": list(ids)})
    return {row.id: _person(row) for row in rows}


def _person(row: Row) -> Person:
    roles = frozenset(row.roles.split())
    return Person(row.id, row.organization_id, row.name, row.timezone, row.locale, roles, row.active)


_OCCUPIED = text("""
    SELECT DISTINCT o.user_id, lower(o.during) AS starts, upper(o.during) AS ends, o.appointment_id
    FROM unnest(CAST(:users AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        AS needed(user_id, starts, ends)
    JOIN occupancy o ON o.user_id = needed.user_id AND o.during && tstzrange(needed.starts, needed.ends)
""")


async def _occupied(tx: Transaction, ranges: Iterable[tuple[UUID, Period]]) -> set[tuple[UUID, Entry]]:
    """Only what overlaps what is asked for: nothing at all, for most batches."""
    asked = list(ranges)
    if not asked:
        return set()
    columns = {
        "users": [user for user, _ in asked],
        "starts": [when.start for _, when in asked],
        "ends": [when.end for _, when in asked],
    }
    rows = await tx.execute(_OCCUPIED, columns)
    return {(user, Entry(starts, ends, owner)) for user, starts, ends, owner in rows}


_FREE = text("""
    DELETE FROM occupancy o
    USING unnest(CAST(:appointments AS uuid[]), CAST(:users AS uuid[])) AS freed(appointment_id, user_id)
    WHERE o.appointment_id = freed.appointment_id AND o.user_id = freed.user_id
""")


async def _free(tx: Transaction, freed: Sequence[Busy]) -> None:
    """Before anything is occupied, so that two appointments can swap their times in one batch."""
    if freed:
        await tx.execute(
            _FREE,
            {
                "appointments": [busy.appointment_id for busy in freed],
                "users": [busy.user_id for busy in freed],
            },
        )


_ROWS = """
    FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:organizers AS uuid[]),
                CAST(:statuses AS text[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
                CAST(:confirmed AS boolean[]), CAST(:versions AS int[]), CAST(:states AS text[]))
        AS changed(id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed, version, state)
"""
_UPDATE = text(f"""
    UPDATE appointments a
    SET status = changed.status, start_time = changed.start_time, end_time = changed.end_time,
        organizer_confirmed = changed.organizer_confirmed, version = changed.version, state = CAST(changed.state AS json)
    {_ROWS}
    WHERE a.id = changed.id
""")  # noqa: S608  constants only


async def _update(tx: Transaction, appointments: Sequence[Appointment], states: Mapping[UUID, bytes]) -> None:
    """Only the last state of each: the batch's earlier ones live in its events."""
    if appointments:
        await tx.execute(_UPDATE, _columns(appointments, states))


def _columns(appointments: Sequence[Appointment], states: Mapping[UUID, bytes]) -> dict[str, Any]:
    return {
        "ids": [item.id for item in appointments],
        "organizations": [item.organization_id for item in appointments],
        "organizers": [item.organizer_id for item in appointments],
        "statuses": [item.status.value for item in appointments],
        "starts": [item.start for item in appointments],
        "ends": [item.end for item in appointments],
        "confirmed": [item.organizer_confirmed for item in appointments],
        "versions": [item.version for item in appointments],
        "states": [states[item.id].decode() for item in appointments],
    }


_VERDICTS = text("""
    SELECT command_id, fingerprint, cause, decided_at, correlation_id, traceparent, appointment_id, accepted, outcome,
           event_type, event
    FROM decisions WHERE command_id = ANY(CAST(:ids AS uuid[]))
""")


async def load_verdicts(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Verdict]:
    """What was decided about these command ids before.

    Raises TooMuch when several of them have more events than memory should hold at once.
    """
    found = {row.command_id: Verdict(*row) for row in await tx.execute(_VERDICTS, {"ids": list(ids)})}
    several = [verdict.command_id for verdict in found.values() if verdict.accepted and verdict.event is None]
    if several:
        if len(ids) > 1 and await tx.scalar(_FURTHER_SIZE, {"ids": several}) > FURTHER_AT_ONCE:
            raise TooMuch
        for command, further in (await _further(tx, several)).items():
            found[command] = replace(found[command], further=tuple(further))
    return found


# Sizes are known without reading what they are of.
_FURTHER_SIZE = text("""
    SELECT coalesce(sum(octet_length(event)), 0) FROM further_events WHERE command_id = ANY(CAST(:ids AS uuid[]))
""")
_FURTHER = text("""
    SELECT command_id, type, subject, event FROM further_events
    WHERE command_id = ANY(CAST(:ids AS uuid[])) ORDER BY command_id, position
""")
_KEEP_FURTHER = text("""
    INSERT INTO further_events (command_id, position, type, subject, event)
    SELECT * FROM unnest(CAST(:commands AS uuid[]), CAST(:positions AS int[]), CAST(:types AS text[]),
                         CAST(:subjects AS uuid[]), CAST(:events AS bytea[]))
""")


async def _further(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[Further]]:
    """The events of commands that have several, in their order."""
    found: dict[UUID, list[Further]] = {}
    for command, kind, subject, event in await tx.execute(_FURTHER, {"ids": list(ids)}):
        found.setdefault(command, []).append(Further(kind, subject, event))
    return found


async def _keep_further(tx: Transaction, verdicts: Sequence[Verdict]) -> None:
    """In a table of their own: most commands have one event, whose row is written with its decision."""
    rows = [
        (item.command_id, position, told.type, told.subject, told.event)
        for item in verdicts
        for position, told in enumerate(item.further, 1)
    ]
    if rows:
        names = ("commands", "positions", "types", "subjects", "events")
        await tx.execute(_KEEP_FURTHER, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


_KEPT = {
    "command_id": "uuid",
    "fingerprint": "bytea",
    "cause": "text",
    "decided_at": "timestamptz",
    "correlation_id": "text",
    "traceparent": "text",
    "appointment_id": "uuid",
    "accepted": "boolean",
    "outcome": "bytea",
    "event_type": "text",
    "event": "bytea",
}
# One statement for three tables: PostgreSQL has all its work at once, while we make the messages.
_ADD = text(f"""
    WITH booked AS (
        INSERT INTO appointments (id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed,
                                  version, state)
        SELECT id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed, version,
               CAST(state AS json)
        {_ROWS}
    ), occupied AS (
        INSERT INTO occupancy (user_id, during, appointment_id)
        SELECT user_id, tstzrange(since, until), appointment_id
        FROM unnest(CAST(:users AS uuid[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]),
                    CAST(:appointments AS uuid[])) AS taken(user_id, since, until, appointment_id)
    )
    INSERT INTO decisions ({", ".join(_KEPT)})
    SELECT * FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _KEPT.items())})
""")  # noqa: S608  constants only


async def _add(
    tx: Transaction,
    appointments: Sequence[Appointment],
    states: Mapping[UUID, bytes],
    taken: Sequence[Busy],
    verdicts: Sequence[Verdict],
) -> None:
    """Only new rows; not upserts: an id that somebody else used meanwhile must fail, whichever partition it came by.

    The exclusion constraint judges each row of occupied time.
    """
    if not verdicts:
        return
    users, since, until, owners = map(list, zip(*taken, strict=True)) if taken else ([], [], [], [])
    await tx.execute(
        _ADD,
        {
            **_columns(appointments, states),
            "users": users,
            "since": since,
            "until": until,
            "appointments": owners,
            **{name: [getattr(item, name) for item in verdicts] for name in _KEPT},
        },
    )


_TELL = text("""
    INSERT INTO people (id, organization_id, name, timezone, locale, roles, active)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:names AS text[]),
                         CAST(:timezones AS text[]), CAST(:locales AS text[]), CAST(:roles AS text[]),
                         CAST(:active AS boolean[])) AS told(id, organization_id, name, timezone, locale, roles, active)
    ON CONFLICT (id) DO UPDATE
    SET organization_id = excluded.organization_id, name = excluded.name, timezone = excluded.timezone,
        locale = excluded.locale, roles = excluded.roles, active = excluded.active
    WHERE people IS DISTINCT FROM excluded
""")


async def keep_people(tx: Transaction, people: Iterable[Person]) -> None:
    """What Identity told just now; in id order, so that two batches cannot deadlock."""
    told = sorted(people, key=lambda person: person.id)
    if told:
        await tx.execute(
            _TELL,
            {
                "ids": [person.id for person in told],
                "organizations": [person.organization_id for person in told],
                "names": [person.name for person in told],
                "timezones": [person.timezone for person in told],
                "locales": [person.locale for person in told],
                "roles": [" ".join(sorted(person.roles)) for person in told],
                "active": [person.active for person in told],
            },
        )


_STAY_OPEN = text("SELECT set_config('idle_in_transaction_session_timeout', :milliseconds, true)")


async def stay_open(tx: Transaction, seconds: float) -> None:
    """Let this transaction wait so long for a call to another service, instead of being taken for a frozen owner's."""
    await tx.execute(_STAY_OPEN, {"milliseconds": str(int(seconds * 1000))})


_FORGET = text("""
    WITH forgotten AS (
        DELETE FROM decisions WHERE command_id IN
            (SELECT command_id FROM decisions WHERE decided_at < :before LIMIT :at_most)
        RETURNING command_id
    ), with_events AS (
        DELETE FROM further_events WHERE command_id IN (SELECT command_id FROM forgotten)
    )
    SELECT command_id FROM forgotten
""")


async def forget_decisions(tx: Transaction, before: datetime, at_most: int) -> int:
    """Delete a slice of what was decided before; returns how many rows."""
    return await tx.count(_FORGET, {"before": before, "at_most": at_most})
