"""SQL of appointments with reminders to hand over or withdraw, and of timers that the service has."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.reminders.domain.timers import Timer
from services.reminders.store.schedules import TIMER_COLUMNS, timer_of

# A held lease stays: its owner finds a newer generation when it notes its result.
_MARK = text("""
    INSERT INTO handovers AS known (appointment_id, next_attempt_at)
    SELECT id, CAST(:now AS timestamptz) FROM unnest(CAST(:ids AS uuid[])) AS changed(id) ORDER BY id
    ON CONFLICT (appointment_id) DO UPDATE SET
        generation = known.generation + 1, attempts = 0, next_attempt_at = excluded.next_attempt_at, reason = NULL
""")

_REOPEN = text("""
    UPDATE handovers SET generation = generation + 1, attempts = 0, next_attempt_at = :now
    WHERE scheduled > 0 AND next_attempt_at IS NULL
""")

# Once an attempt has begun, the service may have reminders, even if the process dies in the attempt.
_CLAIM = text("""
    WITH due AS (
        SELECT appointment_id, scheduled FROM handovers
        WHERE next_attempt_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
        ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE handovers h SET leased_by = :owner, leased_until = :lease, attempts = h.attempts + 1,
                          scheduled = greatest(h.scheduled, 1)
    FROM due WHERE h.appointment_id = due.appointment_id
    RETURNING h.appointment_id, h.generation, due.scheduled, h.attempts
""")

# From here on the timers are ours again until the service accepts them: those due meanwhile are fired as
# usual.
_TAKE_BACK = text(f"""
    WITH pending AS (
        SELECT id FROM timers
        WHERE appointment_id = ANY(CAST(:ids AS uuid[])) AND state = 'pending' AND kind = 'reminder'
        ORDER BY id FOR UPDATE
    )
    UPDATE timers t SET handed = false, leased_by = NULL, leased_until = NULL
    FROM pending WHERE t.id = pending.id
    RETURNING {TIMER_COLUMNS}
""")  # noqa: S608  (a constant of ours)

_HANDED = text("""
    WITH given AS (
        SELECT t.id FROM timers t
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:due AS timestamptz[])) AS taken(id, due_at) USING (id, due_at)
        WHERE t.state = 'pending' AND EXISTS (
            SELECT 1 FROM handovers h
            WHERE h.appointment_id = t.appointment_id AND h.generation = :generation AND h.leased_by = :owner
        )
        ORDER BY t.id FOR UPDATE OF t
    )
    UPDATE timers t SET handed = true, leased_by = NULL, leased_until = NULL FROM given WHERE t.id = given.id
""")

# A newer generation keeps its place in the queue.
_NOTE = text("""
    UPDATE handovers SET
        leased_by = NULL, leased_until = NULL, scheduled = :scheduled, reason = :reason,
        next_attempt_at = CASE WHEN generation = :generation THEN :next ELSE next_attempt_at END
    WHERE appointment_id = :id AND leased_by = :owner
""")


@dataclass(frozen=True, slots=True)
class Handover:
    """An appointment whose reminders are to be handed over in their present state.

    scheduled: how many reminders the service may have from before. attempts: this one included.
    """

    appointment_id: UUID
    generation: int
    scheduled: int
    attempts: int


async def mark(tx: Transaction, appointments: Collection[UUID], now: datetime) -> None:
    """Mark appointments whose reminders, or their content, have changed."""
    if appointments:
        await tx.execute(_MARK, {"ids": list(appointments), "now": now})


async def reopen(tx: Transaction, now: datetime) -> None:
    """Mark every appointment of which the service may have reminders."""
    await tx.execute(_REOPEN, {"now": now})


async def claim(tx: Transaction, owner: UUID, now: datetime, lease: datetime, limit: int) -> list[Handover]:
    """Lease at most `limit` due appointments without a lease."""
    rows = await tx.execute(_CLAIM, {"owner": owner, "now": now, "lease": lease, "limit": limit})
    return [Handover(*row) for row in rows]


async def take_back(tx: Transaction, appointments: Collection[UUID]) -> list[Timer]:
    """Return the pending reminders of these appointments; firing publishes them from now on."""
    return [timer_of(row) for row in await tx.execute(_TAKE_BACK, {"ids": list(appointments)})]


async def handed(tx: Transaction, owner: UUID, handover: Handover, timers: Sequence[Timer]) -> None:
    """Mark timers as handed over, unless the appointment has changed meanwhile."""
    parameters = {"ids": [timer.id for timer in timers], "due": [timer.due_at for timer in timers]}
    if timers:
        await tx.execute(_HANDED, {**parameters, "generation": handover.generation, "owner": owner})


async def note(
    tx: Transaction,
    owner: UUID,
    handover: Handover,
    scheduled: int,
    next_attempt_at: datetime | None,
    reason: str | None,
) -> None:
    """Note the end of an attempt. `scheduled`: reminders that the service may have; next_attempt_at None:
    done.
    """
    await tx.execute(
        _NOTE,
        {
            "id": handover.appointment_id,
            "owner": owner,
            "generation": handover.generation,
            "scheduled": scheduled,
            "next": next_attempt_at,
            "reason": reason,
        },
    )
