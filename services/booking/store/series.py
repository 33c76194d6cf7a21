"""SQL of series: the series in one table, the appointment of each occurrence in another."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Row, Transaction
from chassis.errors import TooMuch
from scheduling.recurrence import Recurrence
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.commands import Command
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.series.weight import meet_in_a_series, places_touched, whole_series
from services.booking.domain.weight import PLACES_AT_ONCE
from services.booking.messages.state import MICROSECOND, appointment_of, dumps, template_of


class Known(NamedTuple):
    """Series by id, and their open occurrences by the appointment's id."""

    series: Mapping[UUID, Series]
    occurrences: Mapping[UUID, Appointment]


async def load(
    tx: Transaction,
    commands: Sequence[Command],
    found: Mapping[UUID, Appointment],
    since: datetime,
    new: Collection[UUID] = (),
    named: Collection[UUID] = (),
) -> Known:
    """Return the series that commands are about as a whole, with the open occurrences that start after
    `since`.

    `new` are the occurrences that these commands make, `named` the series that they name themselves.

    Raises TooMuch where several commands would touch more than one transaction holds well, or the same
    series.
    """
    whole = whole_series(commands, found) | set(named)
    if len(commands) > 1 and (whole or new):
        if meet_in_a_series(commands, found, whole, new):
            raise TooMuch
        if whole and places_touched(commands, found, await _sizes(tx, whole)) > PLACES_AT_ONCE:
            raise TooMuch
    if not whole:
        return Known({}, {})
    ids = {"ids": list(whole)}
    series = map(_series_of, await tx.execute(_SERIES, ids))
    rows = await tx.execute(_OCCURRENCES, ids | {"since": since})
    occurrences = (appointment_of(state, confirmed) for state, confirmed in rows)
    return Known({one.id: one for one in series}, {one.id: one for one in occurrences})


async def save(tx: Transaction, changed: Sequence[Series], added: Iterable[Appointment]) -> None:
    """Write changed series, and the new occurrences: each start by the pattern once, for ever."""
    if changed:
        await tx.execute(_KEEP, {name: [values[name] for values in map(_columns, changed)] for name in _KEPT})
    rows = [(one.series_id, one.original_start, one.id) for one in added if one.series_id]
    if rows:
        names = ("series", "originals", "appointments")
        await tx.execute(_ADD, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


_SIZES = text("""
    SELECT series_id, count(*) AS occurrences FROM occurrences
    WHERE series_id = ANY(CAST(:ids AS uuid[])) GROUP BY series_id
""")


async def _sizes(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, int]:
    return {row.series_id: row.occurrences for row in await tx.execute(_SIZES, {"ids": list(ids)})}


_COLUMNS = "id, timezone, local_start, rrule, exdates, rdates, booked_until, ended, version, template"
_SERIES = text(f"SELECT {_COLUMNS} FROM series WHERE id = ANY(CAST(:ids AS uuid[]))")  # noqa: S608  constants only
# Past and cancelled occurrences never change again, and may be years of rows.
_OCCURRENCES = text("""
    SELECT a.state, a.organizer_confirmed
    FROM occurrences o JOIN appointments a ON a.id = o.appointment_id
    WHERE o.series_id = ANY(CAST(:ids AS uuid[])) AND a.status IN ('pending', 'confirmed') AND a.start_time > :since
""")
_KEPT = {
    "id": "uuid",
    "organization_id": "uuid",
    "timezone": "text",
    "local_start": "timestamp",
    "rrule": "text",
    "booked_until": "timestamptz",
    "ended": "boolean",
    "version": "int",
    "template": "text",
    "exdates": "text",
    "rdates": "text",
}
# An array of arrays would have to be rectangular: dates come as the text of an array.
_KEEP = text(f"""
    INSERT INTO series (id, organization_id, timezone, local_start, rrule, booked_until, ended, version, template,
                        exdates, rdates)
    SELECT id, organization_id, timezone, local_start, rrule, booked_until, ended, version, CAST(template AS json),
           CAST(exdates AS timestamptz[]), CAST(rdates AS timestamptz[])
    FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _KEPT.items())}) AS kept({", ".join(_KEPT)})
    ON CONFLICT (id) DO UPDATE
    SET booked_until = excluded.booked_until, ended = excluded.ended, version = excluded.version,
        template = excluded.template
""")  # noqa: S608  constants only
_ADD = text("""
    INSERT INTO occurrences (series_id, original_start, appointment_id)
    SELECT * FROM unnest(CAST(:series AS uuid[]), CAST(:originals AS timestamptz[]), CAST(:appointments AS uuid[]))
""")
_BEHIND = text(f"""
    SELECT {_COLUMNS} FROM series
    WHERE booked_until < :until AND NOT ended AND id > :after ORDER BY id LIMIT :at_most
""")  # noqa: S608  constants only


async def by_id(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Series]:
    """Return these series, by id."""
    rows = await tx.execute(_SERIES, {"ids": list(ids)}) if ids else []
    return {row.id: _series_of(row) for row in rows}


async def behind(tx: Transaction, until: datetime, after: UUID, at_most: int) -> list[Series]:
    """Return a page of the series without an end that are not booked up to `until`, by id."""
    rows = await tx.execute(_BEHIND, {"until": until, "after": after, "at_most": at_most})
    return list(map(_series_of, rows))


def _columns(series: Series) -> dict[str, Any]:
    recurrence = series.recurrence
    return {
        "id": series.id,
        "organization_id": series.template.organization_id,
        "timezone": recurrence.timezone,
        "local_start": recurrence.local_start,
        "rrule": recurrence.rrule,
        "booked_until": series.booked_until,
        "ended": series.ended,
        "version": series.version,
        "template": dumps(template_of(series)).decode(),
        "exdates": _array(recurrence.exdates),
        "rdates": _array(recurrence.rdates),
    }


def _array(instants: Iterable[datetime]) -> str:
    return "{" + ",".join(f'"{instant.isoformat()}"' for instant in instants) + "}"


def _series_of(row: Row) -> Series:
    kept = row.template
    return Series(
        id=row.id,
        recurrence=Recurrence(
            local_start=row.local_start,
            timezone=row.timezone,
            rrule=row.rrule,
            exdates=tuple(row.exdates),
            rdates=tuple(row.rdates),
        ),
        template=appointment_of(kept["appointment"], kept["organizer_confirmed"]),
        duration=kept["duration"] * MICROSECOND,
        start_by=kept["start_by"] * MICROSECOND,
        end_by=kept["end_by"] * MICROSECOND,
        ignores_availability=kept["ignores_availability"],
        booked_until=row.booked_until,
        ended=row.ended,
        version=row.version,
    )
