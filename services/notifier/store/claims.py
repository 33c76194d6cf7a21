"""Claims: deliveries that a process has leased for some seconds, shared fairly among organizations."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction

# One index probe for each organization, not one for each row: a hundred thousand deliveries of one
# organization must not delay those of the next.
_ORGANIZATIONS = text("""
    WITH RECURSIVE waiting AS (
        (SELECT organization_id FROM queue WHERE organization_id > :after ORDER BY organization_id LIMIT 1)
        UNION ALL
        SELECT (SELECT q.organization_id FROM queue q WHERE q.organization_id > w.organization_id
                ORDER BY q.organization_id LIMIT 1)
        FROM waiting w WHERE w.organization_id IS NOT NULL
    )
    SELECT w.organization_id, EXISTS (
        SELECT FROM queue q WHERE q.organization_id = w.organization_id AND q.next_attempt_at <= :now
    ) AS due
    FROM waiting w WHERE w.organization_id IS NOT NULL
    LIMIT :limit
""")


_CLAIM = text("""
    WITH chosen AS MATERIALIZED (
        SELECT due.delivery_id
        FROM unnest(CAST(:organizations AS uuid[])) AS o(organization_id)
        CROSS JOIN LATERAL (
            SELECT q.delivery_id FROM queue q
            WHERE q.organization_id = o.organization_id AND q.next_attempt_at <= :now
                AND (q.leased_until IS NULL OR q.leased_until <= :now)
            ORDER BY q.next_attempt_at
            LIMIT :share
            FOR UPDATE SKIP LOCKED
        ) due
        LIMIT :limit
    )
    UPDATE queue q SET lease = :lease, leased_until = :until
    FROM chosen WHERE q.delivery_id = chosen.delivery_id
    RETURNING q.delivery_id, q.bundle, q.call_id
""")


# For a probe: a due delivery, or one that waits only because the service was down; never a group call.
_CLAIM_ONE = text("""
    UPDATE queue SET lease = :lease, leased_until = :until
    WHERE delivery_id = (
        SELECT delivery_id FROM queue
        WHERE (next_attempt_at <= :now OR outage) AND (leased_until IS NULL OR leased_until <= :now)
            AND bundle IS NULL
        ORDER BY next_attempt_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING delivery_id
""")


_RENEW = text("""
    UPDATE queue SET leased_until = :until WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND lease = :lease
""")


_RELEASE = text("""
    UPDATE queue SET lease = NULL, leased_until = NULL
    WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND lease = :lease
""")


_DROP = text("DELETE FROM queue WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND lease = :lease")


class Claimed(NamedTuple):
    """A claimed delivery.

    `bundle`: those that it may share a call with; `call`: the group call that it belongs to.
    """

    id: UUID
    bundle: UUID | None = None
    call: UUID | None = None


async def lightly(tx: Transaction) -> None:
    """Commit this transaction without waiting for the disk, because a crash may lose claims."""
    await tx.execute(text("SET LOCAL synchronous_commit = off"))


async def organizations(
    tx: Transaction, after: UUID, now: datetime, limit: int
) -> tuple[list[UUID], UUID | None]:
    """Return the next organizations with due deliveries, and the one to continue after.

    The latter is None at the end of the round.
    """
    rows = await tx.execute(_ORGANIZATIONS, {"after": after, "now": now, "limit": limit})
    due = [row.organization_id for row in rows if row.due]
    return due, rows[-1].organization_id if len(rows) == limit else None


async def claim(
    tx: Transaction, lease: UUID, whose: Sequence[UUID], now: datetime, until: datetime, limit: int
) -> list[Claimed]:
    """Claim up to `limit` due deliveries, shared among these organizations."""
    share = -(-limit // len(whose))
    values = {"lease": lease, "organizations": list(whose), "now": now, "until": until}
    rows = await tx.execute(_CLAIM, {**values, "share": share, "limit": limit})
    return [Claimed(*row) for row in rows]


async def claim_one(tx: Transaction, lease: UUID, now: datetime, until: datetime) -> list[Claimed]:
    """Claim a single delivery for a probe."""
    rows = await tx.execute(_CLAIM_ONE, {"lease": lease, "now": now, "until": until})
    return [Claimed(*row) for row in rows]


async def renew(tx: Transaction, lease: UUID, ids: Sequence[UUID], until: datetime) -> None:
    """Extend the leases of these deliveries."""
    await tx.execute(_RENEW, {"lease": lease, "ids": list(ids), "until": until})


async def release(tx: Transaction, lease: UUID, ids: Sequence[UUID]) -> None:
    """Release claimed deliveries untried."""
    await tx.execute(_RELEASE, {"lease": lease, "ids": list(ids)})


async def drop(tx: Transaction, lease: UUID, ids: Sequence[UUID]) -> None:
    """Take claimed deliveries out of the queue that were ended by other means than a call."""
    await tx.execute(_DROP, {"lease": lease, "ids": list(ids)})
