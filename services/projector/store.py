"""All SQL of the live projection. One statement per view and batch, keyed only, so that no plan ever needs a scan.

Table names are unqualified: the connection's search path says whether the live set (`views`) or the one being rebuilt
(`views_next`) is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, text

from chassis.database import Transaction
from services.projector.domain.answers import Answer, Preference
from services.projector.domain.calendar import Change, Known, Projection
from services.projector.domain.deliveries import Cell, Delivery, Standing

Columns = Mapping[str, str]

_APPOINTMENT: Columns = {
    "id": "uuid",
    "organization_id": "uuid",
    "version": "int",
    "organizer_id": "uuid",
    "client_id": "uuid",
    "status": "text",
    "start_time": "timestamptz",
    "end_time": "timestamptz",
    "title": "text",
    "location": "text",
    "search": "text",
    "body": "text",
}
_ATTENDEE: Columns = {
    "appointment_id": "uuid",
    "user_id": "uuid",
    "organization_id": "uuid",
    "start_time": "timestamptz",
    "end_time": "timestamptz",
    "status": "text",
    "response": "text",
}
_HISTORY: Columns = {
    "appointment_id": "uuid",
    "version": "int",
    "organization_id": "uuid",
    "event_id": "uuid",
    "change": "text",
    "changes": "text",
    "actor": "text",
    "at": "timestamptz",
}
_VERSION: Columns = {"appointment_id": "uuid", "version": "int"}
_PLACE: Columns = {"appointment_id": "uuid", "user_id": "uuid"}
_DELIVERY: Columns = {
    "id": "uuid",
    "organization_id": "uuid",
    "appointment_id": "uuid",
    "event_id": "uuid",
    "type": "text",
    "recipient_id": "uuid",
    "channel": "text",
    "priority": "text",
    "state": "text",
    "attempts": "int",
    "planned_at": "timestamptz",
    "next_attempt_at": "timestamptz",
    "sent_at": "timestamptz",
    "delivered_at": "timestamptz",
    "reason": "text",
    "fallback_of": "uuid",
}
_CELL: Columns = {
    "organization_id": "uuid",
    "day": "date",
    "type": "text",
    "channel": "text",
    "state": "text",
}
_ANSWER: Columns = {
    "command_id": "uuid",
    "organization_id": "uuid",
    "actor": "text",
    "body": "text",
    "at": "timestamptz",
}
_PREFERENCE: Columns = {"user_id": "uuid", "organization_id": "uuid", "version": "int", "body": "text"}


def _names(columns: Iterable[str], of: str = "") -> str:
    return ", ".join(of + name for name in columns)


def _rows(prefix: str, columns: Columns) -> str:
    """A row source of array parameters `:prefix_column`, called `prefix`."""
    arrays = ", ".join(f"CAST(:{prefix}_{name} AS {kind}[])" for name, kind in columns.items())
    return f"unnest({arrays}) AS {prefix}({_names(columns)})"


def _arrays(prefix: str, columns: Columns, rows: Sequence[Sequence[object]]) -> dict[str, list[object]]:
    """The parameters of `_rows`: a list for each column."""
    lists = zip(*rows, strict=True) if rows else ((),) * len(columns)
    return {f"{prefix}_{name}": list(values) for name, values in zip(columns, lists, strict=True)}


def _sql(statement: str) -> TextClause:
    return text(statement)


# The row lock keeps a redriven version from being shown beside a newer one by another process.
_KNOWN_APPOINTMENTS = _sql("""
    SELECT p.id, p.version, ARRAY(SELECT a.user_id FROM attendees a WHERE a.appointment_id = p.id) AS attendees
    FROM appointments p WHERE p.id = ANY(CAST(:ids AS uuid[])) ORDER BY p.id FOR UPDATE OF p
""")

# One round trip for all four tables: a booking is visible some milliseconds sooner. A count grows only with a
# history row that is new, in the same statement, so that no redelivery counts twice.
_SHOW_CHANGES = _sql(f"""
    WITH shown AS (
        INSERT INTO appointments ({_names(_APPOINTMENT)})
        SELECT {_names(_APPOINTMENT)} FROM {_rows("p", _APPOINTMENT)} ORDER BY id
        ON CONFLICT (id) DO UPDATE SET ({_names(_APPOINTMENT)}) = ROW ({_names(_APPOINTMENT, "excluded.")})
    ), placed AS (
        INSERT INTO attendees AS held ({_names(_ATTENDEE)})
        SELECT {_names(_ATTENDEE)} FROM {_rows("a", _ATTENDEE)} ORDER BY appointment_id, user_id
        ON CONFLICT (appointment_id, user_id) DO UPDATE
        SET start_time = excluded.start_time, end_time = excluded.end_time,
            status = excluded.status, response = excluded.response
        WHERE (held.start_time, held.end_time, held.status, held.response)
            <> (excluded.start_time, excluded.end_time, excluded.status, excluded.response)
    ), told AS (
        INSERT INTO history ({_names(_HISTORY)})
        SELECT {_names(_HISTORY)} FROM {_rows("h", _HISTORY)}
        ON CONFLICT DO NOTHING
        RETURNING organization_id, CAST(at AT TIME ZONE 'UTC' AS date) AS day, change
    )
    INSERT INTO appointments_daily AS held (organization_id, day, change, count)
    SELECT organization_id, day, change, count(*) FROM told GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (organization_id, day, change) DO UPDATE SET count = held.count + excluded.count
""")  # noqa: S608  (names from this file only)

_REMOVE_ATTENDEES = _sql(f"""
    DELETE FROM attendees held USING {_rows("r", _PLACE)}
    WHERE held.appointment_id = r.appointment_id AND held.user_id = r.user_id
""")  # noqa: S608

_NOTE_MISSING = _sql(f"""
    INSERT INTO missing_versions SELECT appointment_id, version FROM {_rows("m", _VERSION)} ON CONFLICT DO NOTHING
""")  # noqa: S608

_FORGET_MISSING = _sql(f"""
    DELETE FROM missing_versions held USING {_rows("m", _VERSION)}
    WHERE held.appointment_id = m.appointment_id AND held.version = m.version
""")  # noqa: S608

_KNOWN_DELIVERIES = _sql("""
    SELECT id, state, attempts, next_attempt_at, sent_at FROM notifications
    WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")

_SHOW_DELIVERIES = _sql(f"""
    WITH shown AS (
        INSERT INTO notifications ({_names(_DELIVERY)})
        SELECT {_names(_DELIVERY)} FROM {_rows("n", _DELIVERY)} ORDER BY id
        ON CONFLICT (id) DO UPDATE
        SET state = excluded.state, attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at,
            sent_at = excluded.sent_at, delivered_at = excluded.delivered_at, reason = excluded.reason
    )
    INSERT INTO notifications_daily AS held ({_names(_CELL)}, count)
    SELECT {_names(_CELL)}, count FROM {_rows("c", {**_CELL, "count": "bigint"})}
    ON CONFLICT ({_names(_CELL)}) DO UPDATE SET count = held.count + excluded.count
""")  # noqa: S608

_KEEP_ANSWERS = _sql(f"""
    INSERT INTO commands (id, organization_id, actor, body, at)
    SELECT {_names(_ANSWER)} FROM {_rows("o", _ANSWER)} ON CONFLICT DO NOTHING
""")  # noqa: S608

_SHOW_PREFERENCES = _sql(f"""
    INSERT INTO preferences AS held ({_names(_PREFERENCE)})
    SELECT {_names(_PREFERENCE)} FROM {_rows("s", _PREFERENCE)} ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE
    SET organization_id = excluded.organization_id, version = excluded.version, body = excluded.body
    WHERE held.version < excluded.version
""")  # noqa: S608

_LOCK = _sql("LOCK TABLE appointments, notifications IN SHARE ROW EXCLUSIVE MODE")


async def lock_views(tx: Transaction) -> None:
    """Keep other writers out: a redriven record may be of a partition that another process owns."""
    await tx.execute(_LOCK)


async def known_appointments(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Known]:
    """What is shown of these appointments, locked; who is not there is not shown."""
    found = await tx.execute(_KNOWN_APPOINTMENTS, {"ids": list(ids)})
    return {row.id: Known(row.version, frozenset(row.attendees)) for row in found}


async def show_changes(tx: Transaction, projection: Projection, changes: Sequence[Change]) -> None:
    """Show the newest versions, keep all of them as history, count what is new."""
    if projection.removed:
        await tx.execute(_REMOVE_ATTENDEES, _arrays("r", _PLACE, projection.removed))
    await tx.execute(
        _SHOW_CHANGES,
        {
            **_arrays("p", _APPOINTMENT, [_appointment(change) for change in projection.show]),
            **_arrays("a", _ATTENDEE, [row for change in projection.show for row in _attendees(change)]),
            **_arrays("h", _HISTORY, [_history(change) for change in changes]),
        },
    )
    if projection.missing:
        await tx.execute(_NOTE_MISSING, _arrays("m", _VERSION, projection.missing))
    if projection.arrived:
        await tx.execute(_FORGET_MISSING, _arrays("m", _VERSION, projection.arrived))


async def known_deliveries(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """Where these deliveries stand in the view, locked."""
    found = await tx.execute(_KNOWN_DELIVERIES, {"ids": list(ids)})
    return {row.id: Standing(row.state, row.attempts, row.next_attempt_at, row.sent_at) for row in found}


async def show_deliveries(
    tx: Transaction, deliveries: Sequence[Delivery], counts: Mapping[Cell, int]
) -> None:
    """Show these states and move the counts."""
    await tx.execute(
        _SHOW_DELIVERIES,
        {
            **_arrays("n", _DELIVERY, [_fields(delivery, _DELIVERY) for delivery in deliveries]),
            **_arrays(
                "c", {**_CELL, "count": "bigint"}, [(*cell, change) for cell, change in counts.items()]
            ),
        },
    )


async def keep_answers(tx: Transaction, answers: Sequence[Answer]) -> None:
    """Keep outcomes; the first one of a command stays."""
    await tx.execute(_KEEP_ANSWERS, _arrays("o", _ANSWER, [_fields(answer, _ANSWER) for answer in answers]))


async def show_preferences(tx: Transaction, preferences: Sequence[Preference]) -> None:
    """Show preferences unless a newer version is shown; at most one of each person."""
    rows = [_fields(preference, _PREFERENCE) for preference in preferences]
    await tx.execute(_SHOW_PREFERENCES, _arrays("s", _PREFERENCE, rows))


async def forget_answers(tx: Transaction, before: datetime) -> None:
    """Drop outcomes told before that instant."""
    await tx.execute(_sql("DELETE FROM commands WHERE at < :before"), {"before": before})


async def count_missing(tx: Transaction) -> int:
    """How many versions were overtaken and have not arrived."""
    return int(await tx.scalar(_sql("SELECT count(*) FROM missing_versions")) or 0)


def _appointment(change: Change) -> tuple[object, ...]:
    return (change.appointment_id, *_fields(change, list(_APPOINTMENT)[1:]))


def _attendees(change: Change) -> list[tuple[object, ...]]:
    times = (change.organization_id, change.start_time, change.end_time, change.status)
    return [(change.appointment_id, user_id, *times, response) for user_id, response in change.attendees]


def _history(change: Change) -> tuple[object, ...]:
    return _fields(change, _HISTORY)


def _fields(item: object, names: Iterable[str]) -> tuple[object, ...]:
    return tuple(getattr(item, name) for name in names)
