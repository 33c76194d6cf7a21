"""Timers that fall due: claimed ahead of time, confirmed at their instant, settled after the broker's word."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.reminders.domain.timers import Timer
from services.reminders.messages.outgoing import Story
from services.reminders.store.schedules import TIMER_COLUMNS, timer_of

# Reads the head of the partial index only. A lease changes no indexed column, so the new row stays on its page.
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

# Once for each appointment: the reminders of one meeting are mostly due together.
_STORIES = text("""
    SELECT id, organization_id, organizer_id, version, body, people, actor, correlation_id, traceparent, cause
    FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))
""")

# Whatever changes a timer or its appointment deletes the row or takes the lease, so one look says whether what was
# claimed is still true.
_CONFIRM = text("""
    SELECT id FROM timers
    WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'pending' AND leased_by = :owner
""")

# Locked in the order of their ids, as those who replan do.
_SETTLE = text("""
    WITH done AS (
        SELECT t.id, said.state FROM timers t
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:states AS text[])) AS said(id, state) ON said.id = t.id
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
    """Who claims and until when; a claim that is neither settled nor released by then is anybody's again."""

    owner: UUID
    until: datetime


async def claim(tx: Transaction, lease: Lease, now: datetime, until: datetime, limit: int) -> list[Timer]:
    """Lease at most `limit` pending timers that are due by `until` and that nobody holds at `now`."""
    parameters = {"owner": lease.owner, "lease": lease.until, "now": now, "until": until, "limit": limit}
    return [timer_of(row) for row in await tx.execute(_CLAIM, parameters)]


async def load_stories(tx: Transaction, appointments: Collection[UUID]) -> dict[UUID, Story]:
    """The newest state of these appointments, as events carry it."""
    rows = await tx.execute(_STORIES, {"ids": list(appointments)})
    return {row.id: Story(*row) for row in rows}


async def confirm(tx: Transaction, owner: UUID, timers: Sequence[UUID]) -> set[UUID]:
    """Which of these are still pending and as they were when `owner` claimed them."""
    return {row.id for row in await tx.execute(_CONFIRM, {"owner": owner, "ids": list(timers)})}


async def settle(tx: Transaction, states: dict[UUID, str], now: datetime) -> None:
    """Mark timers `fired` or `missed` for good."""
    await tx.execute(_SETTLE, {"ids": list(states), "states": list(states.values()), "now": now})


async def release(tx: Transaction, owner: UUID, timers: Collection[UUID]) -> None:
    """Give claimed timers back before their lease ends."""
    await tx.execute(_RELEASE, {"owner": owner, "ids": list(timers)})
