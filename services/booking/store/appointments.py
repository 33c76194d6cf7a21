"""SQL of appointments and of the time that they take."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from chassis.verdicts import Verdict
from services.booking.domain.free_time.occupancy import Busy
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.times import Period
from services.booking.messages.state import appointment_of
from services.booking.store.decisions import KEPT, columns_of

_APPOINTMENTS = text("""
    SELECT state, organizer_confirmed FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))
""")


async def load(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Appointment]:
    """Return appointments of any organization: an id that another one uses is taken all the same."""
    if not ids:
        return {}
    rows = await tx.execute(_APPOINTMENTS, {"ids": list(ids)})
    found = (appointment_of(state, confirmed) for state, confirmed in rows)
    return {appointment.id: appointment for appointment in found}


_OCCUPIED = text("""
    SELECT DISTINCT o.user_id, lower(o.during) AS starts, upper(o.during) AS ends, o.appointment_id
    FROM unnest(CAST(:users AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        AS needed(user_id, starts, ends)
    JOIN occupancy o ON o.user_id = needed.user_id AND o.during && tstzrange(needed.starts, needed.ends)
""")


async def occupied(tx: Transaction, ranges: Iterable[tuple[UUID, Period]]) -> set[tuple[UUID, Entry]]:
    """Return the entries that overlap these ranges; none for most batches."""
    wanted = list(ranges)
    if not wanted:
        return set()
    columns = {
        "users": [user for user, _ in wanted],
        "starts": [when.start for _, when in wanted],
        "ends": [when.end for _, when in wanted],
    }
    rows = await tx.execute(_OCCUPIED, columns)
    return {(user, Entry(starts, ends, owner)) for user, starts, ends, owner in rows}


_FREE = text("""
    DELETE FROM occupancy o
    USING unnest(CAST(:appointments AS uuid[]), CAST(:users AS uuid[])) AS freed(appointment_id, user_id)
    WHERE o.appointment_id = freed.appointment_id AND o.user_id = freed.user_id
""")


async def free(tx: Transaction, freed: Sequence[Busy]) -> None:
    """Delete occupancy before any is added, so that two appointments can swap their times in one batch."""
    if freed:
        await tx.execute(
            _FREE,
            {
                "appointments": [busy.appointment_id for busy in freed],
                "users": [busy.user_id for busy in freed],
            },
        )


ROWS = """
    FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:organizers AS uuid[]),
                CAST(:statuses AS text[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
                CAST(:confirmed AS boolean[]), CAST(:versions AS int[]), CAST(:states AS text[]))
        AS changed(id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed, version, state)
"""
_UPDATE = text(f"""
    UPDATE appointments a
    SET status = changed.status, start_time = changed.start_time, end_time = changed.end_time,
        organizer_confirmed = changed.organizer_confirmed, version = changed.version, state = CAST(changed.state AS json)
    {ROWS}
    WHERE a.id = changed.id
""")  # noqa: S608  constants only


async def update(tx: Transaction, appointments: Sequence[Appointment], states: Mapping[UUID, bytes]) -> None:
    """Write the last state of each appointment; the earlier ones of the batch are in its events only."""
    if appointments:
        await tx.execute(_UPDATE, columns(appointments, states))


def columns(appointments: Sequence[Appointment], states: Mapping[UUID, bytes]) -> dict[str, Any]:
    """The values of ROWS."""
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


# One statement for three tables: PostgreSQL has all its work at once, while we make the messages.
_ADD = text(f"""
    WITH booked AS (
        INSERT INTO appointments (id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed,
                                  version, state)
        SELECT id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed, version,
               CAST(state AS json)
        {ROWS}
    ), occupied AS (
        INSERT INTO occupancy (user_id, during, appointment_id)
        SELECT user_id, tstzrange(since, until), appointment_id
        FROM unnest(CAST(:users AS uuid[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]),
                    CAST(:appointments AS uuid[])) AS taken(user_id, since, until, appointment_id)
    )
    INSERT INTO decisions ({", ".join(KEPT)})
    SELECT * FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in KEPT.items())})
""")  # noqa: S608  constants only


async def add(
    tx: Transaction,
    appointments: Sequence[Appointment],
    states: Mapping[UUID, bytes],
    taken: Sequence[Busy],
    verdicts: Sequence[Verdict],
) -> None:
    """Insert new rows, never upsert: an id that was used meanwhile must fail, whichever partition it came by.

    The exclusion constraint judges each row of occupied time.
    """
    if not verdicts:
        return
    users, since, until, owners = map(list, zip(*taken, strict=True)) if taken else ([], [], [], [])
    await tx.execute(
        _ADD,
        {
            **columns(appointments, states),
            "users": users,
            "since": since,
            "until": until,
            "appointments": owners,
            **columns_of(verdicts),
        },
    )
