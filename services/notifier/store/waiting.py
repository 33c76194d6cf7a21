"""Deliveries of one appointment that are still to be sent, for operators."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction

_WAITING = text("""
    SELECT d.id, d.attempts, d.reason, q.next_attempt_at, q.outage
    FROM deliveries d JOIN queue q ON q.delivery_id = d.id
    WHERE d.appointment_id = :appointment
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery in the queue, after `attempts` of which the last ended with `reason`; the next is at `due`.

    `outage`: it waits only for the Communication Service, and is sent as soon as that is back, even before
    `due`.
    """

    id: UUID
    attempts: int
    reason: str | None
    due: datetime
    outage: bool


async def waiting(tx: Transaction, appointment: UUID) -> list[Waiting]:
    """Return the open deliveries of an appointment."""
    rows = await tx.execute(_WAITING, {"appointment": appointment})
    return [Waiting(*row) for row in rows]
