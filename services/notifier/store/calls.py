"""Group calls. Their members are written down before the call is made first, and never change."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.notifier.store.claims import Claimed

# One member of a call claims the whole call, and one delivery of a bundle all others without a call.
_CLAIM_REST = text("""
    WITH chosen AS MATERIALIZED (
        SELECT delivery_id FROM queue
        WHERE bundle IS NOT NULL AND bundle = ANY(CAST(:bundles AS uuid[]))
            AND (call_id IS NULL OR call_id = ANY(CAST(:calls AS uuid[])))
            AND (leased_until IS NULL OR leased_until <= :now)
        FOR UPDATE SKIP LOCKED
    )
    UPDATE queue q SET lease = :lease, leased_until = :until
    FROM chosen WHERE q.delivery_id = chosen.delivery_id
    RETURNING q.delivery_id, q.bundle, q.call_id
""")

_FREEZE = text("""
    WITH wanted AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:recipients AS uuid[]), CAST(:calls AS uuid[])
        ) AS wanted(id, recipient_id, call_id)
    ), frozen AS (
        UPDATE queue q SET call_id = wanted.call_id
        FROM wanted WHERE q.delivery_id = wanted.id AND q.lease = :lease AND q.call_id IS NULL
        RETURNING q.delivery_id
    )
    INSERT INTO calls (call_id, recipient_id, delivery_id)
    SELECT wanted.call_id, wanted.recipient_id, wanted.id FROM wanted JOIN frozen ON frozen.delivery_id = wanted.id
    RETURNING delivery_id
""")

_RECIPIENTS = text("""
    SELECT call_id, array_agg(recipient_id ORDER BY recipient_id) AS recipients
    FROM calls WHERE call_id = ANY(CAST(:calls AS uuid[])) GROUP BY call_id
""")

_DELIVERIES_OF = text("""
    SELECT wanted.number, c.delivery_id
    FROM unnest(CAST(:calls AS uuid[]), CAST(:recipients AS uuid[])) WITH ORDINALITY
        AS wanted(call_id, recipient_id, number)
    JOIN calls c ON c.call_id = wanted.call_id AND c.recipient_id = wanted.recipient_id
""")


async def claim_rest(
    tx: Transaction, lease: UUID, claimed: Sequence[Claimed], now: datetime, until: datetime
) -> list[Claimed]:
    """Claim and return the other deliveries of the calls and bundles of `claimed`."""
    bundles = {row.bundle for row in claimed if row.bundle}
    if not bundles:
        return []
    values = {
        "bundles": list(bundles),
        "calls": list({row.call for row in claimed if row.call}),
        "lease": lease,
        "now": now,
        "until": until,
    }
    return [Claimed(*row) for row in await tx.execute(_CLAIM_REST, values)]


async def freeze(tx: Transaction, lease: UUID, members: Sequence[tuple[UUID, UUID, UUID]]) -> set[UUID]:
    """Write down each (delivery, recipient, call) for good.

    Return the deliveries whose lease was still ours.
    """
    ids, recipients, calls = zip(*members, strict=True)
    values = {"ids": list(ids), "recipients": list(recipients), "calls": list(calls), "lease": lease}
    return set(await tx.scalars(_FREEZE, values))


async def recipients(tx: Transaction, calls: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return the recipients of each call, always in the same order."""
    rows = await tx.execute(_RECIPIENTS, {"calls": list(calls)})
    return {row.call_id: list(row.recipients) for row in rows}


async def deliveries_of(tx: Transaction, keys: Sequence[tuple[UUID, UUID]]) -> dict[int, UUID]:
    """Return, by position in `keys`, the delivery of a group call and recipient; other keys are left out."""
    if not keys:
        return {}
    calls, people = zip(*keys, strict=True)
    rows = await tx.execute(_DELIVERIES_OF, {"calls": list(calls), "recipients": list(people)})
    return {row.number - 1: row.delivery_id for row in rows}
