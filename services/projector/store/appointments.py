"""All SQL of the live projection: one statement per view and batch, keyed only, so that no plan needs a scan.

Table names are unqualified: the connection's search path selects the live set (`views`) or the one being
rebuilt (`views_next`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from uuid import UUID

from sqlalchemy import TextClause, text

from chassis.database.transactions import Database, Transaction
from services.projector.domain.calendar import Change, Known, Projection
from services.projector.domain.deliveries import Cell, Delivery, Standing
from services.projector.domain.outcomes import CommandOutcome, Preference, Rules, Suspension
from services.projector.store.columns import (
    APPOINTMENT,
    ATTENDEE,
    CELL,
    DAY,
    DELIVERY,
    HISTORY,
    OUTCOME,
    PLACE,
    PREFERENCE,
    RULES,
    SUSPENSION,
    VERSION,
    arrays,
    names,
    rows,
)


def _sql(statement: str) -> TextClause:
    return text(statement)


# The row lock keeps a redriven version from being shown while another process shows a newer one.
_KNOWN_APPOINTMENTS = _sql("""
    SELECT p.id, p.version, ARRAY(SELECT a.user_id FROM attendees a WHERE a.appointment_id = p.id) AS attendees
    FROM appointments p WHERE p.id = ANY(CAST(:ids AS uuid[])) ORDER BY p.id FOR UPDATE OF p
""")

# One round trip for all four tables: a booking is visible some milliseconds sooner. A count grows only with a
# history row that is new, in the same statement, so that no redelivery counts twice.
_SHOW_CHANGES = _sql(f"""
    WITH shown AS (
        INSERT INTO appointments ({names(APPOINTMENT)})
        SELECT {names(APPOINTMENT)} FROM {rows("p", APPOINTMENT)} ORDER BY id
        ON CONFLICT (id) DO UPDATE SET ({names(APPOINTMENT)}) = ROW ({names(APPOINTMENT, "excluded.")})
    ), placed AS (
        INSERT INTO attendees AS held ({names(ATTENDEE)})
        SELECT {names(ATTENDEE)} FROM {rows("a", ATTENDEE)} ORDER BY appointment_id, user_id
        ON CONFLICT (appointment_id, user_id) DO UPDATE
        SET start_time = excluded.start_time, end_time = excluded.end_time,
            status = excluded.status, response = excluded.response
        WHERE (held.start_time, held.end_time, held.status, held.response)
            <> (excluded.start_time, excluded.end_time, excluded.status, excluded.response)
    ), added AS (
        INSERT INTO history ({names(HISTORY)})
        SELECT {names(HISTORY)} FROM {rows("h", HISTORY)}
        ON CONFLICT DO NOTHING
        RETURNING organization_id, CAST(at AT TIME ZONE 'UTC' AS date) AS day, change
    )
    INSERT INTO appointments_daily AS held (organization_id, day, change, count)
    SELECT organization_id, day, change, count(*) FROM added GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (organization_id, day, change) DO UPDATE SET count = held.count + excluded.count
""")  # noqa: S608  (names from this file only)

_COUNT_CHANGES = _sql(f"""
    INSERT INTO appointments_daily AS held ({names(DAY)}) SELECT {names(DAY)} FROM {rows("d", DAY)}
    ON CONFLICT (organization_id, day, change) DO UPDATE SET count = held.count + excluded.count
""")  # noqa: S608

_REMOVE_ATTENDEES = _sql(f"""
    DELETE FROM attendees held USING {rows("r", PLACE)}
    WHERE held.appointment_id = r.appointment_id AND held.user_id = r.user_id
""")  # noqa: S608

_NOTE_MISSING = _sql(f"""
    INSERT INTO missing_versions SELECT appointment_id, version FROM {rows("m", VERSION)} ON CONFLICT DO NOTHING
""")  # noqa: S608

_FORGET_MISSING = _sql(f"""
    DELETE FROM missing_versions held USING {rows("m", VERSION)}
    WHERE held.appointment_id = m.appointment_id AND held.version = m.version
""")  # noqa: S608

_KNOWN_DELIVERIES = _sql("""
    SELECT id, state, attempts, next_attempt_at, sent_at FROM notifications
    WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")

_SHOW_DELIVERIES = _sql(f"""
    WITH shown AS (
        INSERT INTO notifications ({names(DELIVERY)})
        SELECT {names(DELIVERY)} FROM {rows("n", DELIVERY)} ORDER BY id
        ON CONFLICT (id) DO UPDATE
        SET state = excluded.state, attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at,
            sent_at = excluded.sent_at, delivered_at = excluded.delivered_at, reason = excluded.reason
    )
    INSERT INTO notifications_daily AS held ({names(CELL)}, count)
    SELECT {names(CELL)}, count FROM {rows("c", {**CELL, "count": "bigint"})}
    ON CONFLICT ({names(CELL)}) DO UPDATE SET count = held.count + excluded.count
""")  # noqa: S608

_ORGANIZERS = _sql("SELECT id, organizer_id FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))")

_KEEP_OUTCOMES = _sql(f"""
    INSERT INTO commands (id, organization_id, actor, body, at)
    SELECT {names(OUTCOME)} FROM {rows("o", OUTCOME)} ON CONFLICT DO NOTHING
""")  # noqa: S608

_SHOW_PREFERENCES = _sql(f"""
    INSERT INTO preferences AS held ({names(PREFERENCE)})
    SELECT {names(PREFERENCE)} FROM {rows("s", PREFERENCE)} ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE
    SET organization_id = excluded.organization_id, version = excluded.version, body = excluded.body
    WHERE held.version < excluded.version
""")  # noqa: S608

_SHOW_RULES = _sql(f"""
    INSERT INTO organization_preferences AS held ({names(RULES)})
    SELECT {names(RULES)} FROM {rows("s", RULES)} ORDER BY organization_id
    ON CONFLICT (organization_id) DO UPDATE SET version = excluded.version, body = excluded.body
    WHERE held.version < excluded.version
""")  # noqa: S608

_SHOW_SUSPENSIONS = _sql(f"""
    INSERT INTO suspensions AS held ({names(SUSPENSION)})
    SELECT {names(SUSPENSION)} FROM {rows("u", SUSPENSION)} ORDER BY user_id, channel
    ON CONFLICT (user_id, channel) DO UPDATE
    SET ({names(SUSPENSION)}) = ROW ({names(SUSPENSION, "excluded.")})
    WHERE held.version < excluded.version
""")  # noqa: S608

_LOCK = _sql("LOCK TABLE appointments, notifications IN SHARE ROW EXCLUSIVE MODE")


async def lock_views(tx: Transaction) -> None:
    """Lock out other writers: a redriven record may be of a partition that another process owns."""
    await tx.execute(_LOCK)


async def known_appointments(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Known]:
    """Return these appointments as shown, and lock them; an absent one is not shown."""
    found = await tx.execute(_KNOWN_APPOINTMENTS, {"ids": list(ids)})
    return {row.id: Known(row.version, frozenset(row.attendees)) for row in found}


async def show_changes(tx: Transaction, projection: Projection, changes: Sequence[Change]) -> None:
    """Show the newest versions, keep all of them as history, count the new ones."""
    if projection.removed:
        await tx.execute(_REMOVE_ATTENDEES, arrays("r", PLACE, projection.removed))
    await tx.execute(
        _SHOW_CHANGES,
        {
            **arrays("p", APPOINTMENT, [_appointment_fields(change) for change in projection.show]),
            **arrays("a", ATTENDEE, [row for change in projection.show for row in _attendees(change)]),
            **arrays("h", HISTORY, [_history_fields(change) for change in changes]),
        },
    )
    if projection.missing:
        await tx.execute(_NOTE_MISSING, arrays("m", VERSION, projection.missing))
    if projection.arrived:
        await tx.execute(_FORGET_MISSING, arrays("m", VERSION, projection.arrived))


async def copy_changes(
    tx: Transaction,
    projection: Projection,
    history: Sequence[Change],
    counts: Mapping[tuple[UUID, date, str], int],
) -> None:
    """Show appointments that the views do not have yet, each version once: by COPY, for a rebuild."""
    for table, columns, records in (
        ("appointments", APPOINTMENT, [_appointment_fields(change) for change in projection.show]),
        ("attendees", ATTENDEE, [row for change in projection.show for row in _attendees(change)]),
        ("history", HISTORY, [_history_fields(change) for change in history]),
    ):
        await tx.driver.copy_records_to_table(table, records=records, columns=list(columns))
    await tx.execute(_COUNT_CHANGES, arrays("d", DAY, [(*day, count) for day, count in counts.items()]))
    if projection.missing:
        await tx.execute(_NOTE_MISSING, arrays("m", VERSION, projection.missing))


async def known_deliveries(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """Return the standing of these deliveries in the view, and lock them."""
    found = await tx.execute(_KNOWN_DELIVERIES, {"ids": list(ids)})
    return {row.id: Standing(row.state, row.attempts, row.next_attempt_at, row.sent_at) for row in found}


async def show_deliveries(
    tx: Transaction, deliveries: Sequence[Delivery], counts: Mapping[Cell, int]
) -> None:
    """Show these states and move the counts."""
    await tx.execute(
        _SHOW_DELIVERIES,
        {
            **arrays("n", DELIVERY, [_fields(delivery, DELIVERY) for delivery in deliveries]),
            **arrays("c", {**CELL, "count": "bigint"}, [(*cell, change) for cell, change in counts.items()]),
        },
    )


async def organizers(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the organizers of these appointments, as far as they are shown; an organizer never changes."""
    found = await tx.execute(_ORGANIZERS, {"ids": list(ids)})
    return {row.id: row.organizer_id for row in found}


async def keep_outcomes(tx: Transaction, outcomes: Sequence[CommandOutcome]) -> None:
    """Keep outcomes; the first one of a command stays."""
    await tx.execute(
        _KEEP_OUTCOMES, arrays("o", OUTCOME, [_fields(outcome, OUTCOME) for outcome in outcomes])
    )


async def show_preferences(tx: Transaction, preferences: Sequence[Preference]) -> None:
    """Show preferences unless a newer version is shown; at most one of each person."""
    values = [_fields(preference, PREFERENCE) for preference in preferences]
    await tx.execute(_SHOW_PREFERENCES, arrays("s", PREFERENCE, values))


async def show_rules(tx: Transaction, rules: Sequence[Rules]) -> None:
    """Show preferences of organizations unless a newer version is shown; at most one of each organization."""
    await tx.execute(_SHOW_RULES, arrays("s", RULES, [_fields(rule, RULES) for rule in rules]))


async def show_suspensions(tx: Transaction, suspensions: Sequence[Suspension]) -> None:
    """Show suspensions unless a newer version is shown; at most one of each channel of a person."""
    values = [_fields(suspension, SUSPENSION) for suspension in suspensions]
    await tx.execute(_SHOW_SUSPENSIONS, arrays("u", SUSPENSION, values))


_FORGET_OUTCOMES = _sql("""
    DELETE FROM commands WHERE id IN (
        SELECT id FROM commands WHERE at < :before ORDER BY at LIMIT :at_most FOR UPDATE SKIP LOCKED
    )
""")


async def forget_outcomes(database: Database, before: datetime) -> int:
    """Delete outcomes older than `before`; return how many."""
    return await database.in_slices(_FORGET_OUTCOMES, {"before": before})


async def count_missing(tx: Transaction) -> int:
    """Return the number of overtaken versions that have not arrived."""
    return int(await tx.scalar(_sql("SELECT count(*) FROM missing_versions")) or 0)


_appointment_fields = attrgetter("appointment_id", *list(APPOINTMENT)[1:])
_history_fields = attrgetter(*HISTORY)


def _attendees(change: Change) -> list[tuple[object, ...]]:
    times = (change.organization_id, change.start_time, change.end_time, change.status)
    return [(change.appointment_id, user_id, *times, response) for user_id, response in change.attendees]


def _fields(item: object, names: Iterable[str]) -> tuple[object, ...]:
    return tuple(getattr(item, name) for name in names)
