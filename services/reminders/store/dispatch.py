"""Due timers: claimed ahead of time, confirmed at their instant, settled once the broker has acknowledged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.reminders.domain.timers import Timer
from services.reminders.messages.outgoing import EventContext
from services.reminders.store.schedules import TIMER_COLUMNS, timer_of

# Reads the head of the partial index only. A lease changes no indexed column, so the new row stays on its
# page.
_CLAIM = text(f"""
    WITH due AS (
        SELECT id FROM timers
        WHERE state = 'pending' AND due_at <= :until AND (leased_until IS NULL OR leased_until <= :now)
        ORDER BY due_at LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    UPDATE timers t SET leased_by = :owner, leased_until = :lease FROM due WHERE t.id = due.id
    RETURNING {TIMER_COLUMNS}
""")  # noqa: S608  (a constant of ours)

# One row for each appointment: the reminders of one meeting are mostly due together.
_CONTEXTS = text("""
    SELECT id, organization_id, organizer_id, version, body, people, actor, correlation_id, traceparent, cause
    FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))
""")

# A change of a timer or its appointment deletes the row or ends the lease, so this one check shows whether
# the claim still holds.
_CONFIRM = text("""
    SELECT id FROM timers
    WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'pending' AND leased_by = :owner
""")

# Locked in the order of their ids, as replanning does.
_SETTLE = text("""
    WITH done AS (
        SELECT t.id, given.state FROM timers t
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:states AS text[])) AS given(id, state) ON given.id = t.id
        WHERE t.state = 'pending'
        ORDER BY t.id FOR UPDATE OF t
    )
    UPDATE timers t SET state = done.state, settled_at = :now, leased_by = NULL, leased_until = NULL
    FROM done WHERE t.id = done.id
""")

_RELEASE = text("""
    WITH held AS (
        SELECT id FROM timers WHERE id = ANY(CAST(:ids AS uuid[])) AND leased_by = :owner AND state = 'pending'
        ORDER BY id FOR UPDATE
    )
    UPDATE timers t SET leased_by = NULL, leased_until = NULL FROM held WHERE t.id = held.id
""")


@dataclass(frozen=True, slots=True)
class Lease:
    """Owner and end of a claim; a timer neither settled nor released by then can be claimed again."""

    owner: UUID
    until: datetime


async def claim(tx: Transaction, lease: Lease, now: datetime, until: datetime, limit: int) -> list[Timer]:
    """Lease at most `limit` pending timers that are due by `until` and not leased at `now`."""
    parameters = {"owner": lease.owner, "lease": lease.until, "now": now, "until": until, "limit": limit}
    return [timer_of(row) for row in await tx.execute(_CLAIM, parameters)]


async def load_contexts(tx: Transaction, appointments: Collection[UUID]) -> dict[UUID, EventContext]:
    """Return the event context of these appointments, in their newest version."""
    rows = await tx.execute(_CONTEXTS, {"ids": list(appointments)})
    return {row.id: EventContext(*row) for row in rows}


async def confirm(tx: Transaction, owner: UUID, timers: Sequence[UUID]) -> set[UUID]:
    """Return those of these timers that are pending and unchanged since `owner` claimed them."""
    return {row.id for row in await tx.execute(_CONFIRM, {"owner": owner, "ids": list(timers)})}


async def settle(tx: Transaction, states: dict[UUID, str], now: datetime) -> None:
    """Mark timers `fired` or `missed` for good."""
    await tx.execute(_SETTLE, {"ids": list(states), "states": list(states.values()), "now": now})


async def release(tx: Transaction, owner: UUID, timers: Collection[UUID]) -> None:
    """Release claimed timers before their lease ends."""
    await tx.execute(_RELEASE, {"owner": owner, "ids": list(timers)})
