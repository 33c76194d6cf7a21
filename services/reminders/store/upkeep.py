"""SQL of retention, and of the gauges."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from chassis.database.transactions import Database, Transaction

_FORGET_TIMERS = text("""
    DELETE FROM timers WHERE id IN (
        SELECT id FROM timers WHERE state <> 'pending' AND settled_at < :before
        ORDER BY settled_at LIMIT :at_most FOR UPDATE SKIP LOCKED
    )
""")

# A timer that is still pending a month after its appointment ended has no use.
_FORGET_APPOINTMENTS = text("""
    WITH over AS (
        DELETE FROM appointments WHERE id IN (
            SELECT id FROM appointments WHERE end_time < :before ORDER BY end_time LIMIT :at_most FOR UPDATE SKIP LOCKED
        ) RETURNING id
    ), stranded AS (
        DELETE FROM timers t USING over WHERE t.appointment_id = over.id AND t.state = 'pending'
    ), handed_over AS (
        DELETE FROM handovers h USING over WHERE h.appointment_id = over.id
    )
    SELECT id FROM over
""")

# The index holds pending timers only, and PostgreSQL keeps an estimate of its entries (-1: not yet known).
_PENDING = text("SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = CAST('timers_due' AS regclass)")

_OVERDUE = text("""
    SELECT count(*) FROM (
        SELECT 1 FROM timers WHERE state = 'pending' AND due_at < :before LIMIT 10000
    ) AS late
""")


class Load(NamedTuple):
    """Pending timers (an estimate) and overdue ones (exact, up to 10,000)."""

    pending: int
    overdue: int


async def forget_timers(database: Database, before: datetime) -> int:
    """Delete the timers that fired or were missed before `before`; return how many."""
    return await database.in_slices(_FORGET_TIMERS, {"before": before})


async def forget_appointments(database: Database, before: datetime) -> int:
    """Delete the appointments that ended before `before`; return how many."""
    return await database.in_slices(_FORGET_APPOINTMENTS, {"before": before})


async def measure(tx: Transaction, late_before: datetime) -> Load:
    """Return the number of pending timers, and of those that should have fired before `late_before`."""
    pending = await tx.scalar(_PENDING)
    overdue = await tx.scalar(_OVERDUE, {"before": late_before})
    return Load(int(pending or 0), int(overdue or 0))
