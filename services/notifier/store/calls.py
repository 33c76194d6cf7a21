"""Calls that reach many: who belongs to which is written down before the first one is made, and never changes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.notifier.store.queue import Claimed

# With one member of a call comes the whole call, and with one of a bundle all that is free of it.
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
    WITH asked AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:recipients AS uuid[]), CAST(:calls AS uuid[])
        ) AS asked(id, recipient_id, call_id)
    ), frozen AS (
        UPDATE queue q SET call_id = asked.call_id
        FROM asked WHERE q.delivery_id = asked.id AND q.lease = :lease AND q.call_id IS NULL
        RETURNING q.delivery_id
    )
    INSERT INTO calls (call_id, recipient_id, delivery_id)
    SELECT asked.call_id, asked.recipient_id, asked.id FROM asked JOIN frozen ON frozen.delivery_id = asked.id
    RETURNING delivery_id
""")

_RECIPIENTS = text("""
    SELECT call_id, array_agg(recipient_id ORDER BY recipient_id) AS recipients
    FROM calls WHERE call_id = ANY(CAST(:calls AS uuid[])) GROUP BY call_id
""")

_SPOKEN_OF = text("""
    SELECT asked.number, c.delivery_id
    FROM unnest(CAST(:calls AS uuid[]), CAST(:recipients AS uuid[])) WITH ORDINALITY
        AS asked(call_id, recipient_id, number)
    JOIN calls c ON c.call_id = asked.call_id AND c.recipient_id = asked.recipient_id
""")


async def claim_rest(
    tx: Transaction, lease: UUID, claimed: Sequence[Claimed], now: datetime, until: datetime
) -> list[Claimed]:
    """Claim what goes in one call with what was claimed just now; without the latter."""
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
    """Let each (delivery, recipient, call) be so for good; returns the deliveries that were still ours."""
    ids, recipients, calls = zip(*members, strict=True)
    values = {"ids": list(ids), "recipients": list(recipients), "calls": list(calls), "lease": lease}
    return set(await tx.scalars(_FREEZE, values))


async def recipients(tx: Transaction, calls: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Whom each call reaches, always in the same order."""
    rows = await tx.execute(_RECIPIENTS, {"calls": list(calls)})
    return {row.call_id: list(row.recipients) for row in rows}


async def spoken_of(tx: Transaction, asked: Sequence[tuple[UUID, UUID]]) -> dict[int, UUID]:
    """For each call and recipient, by position in `asked`, the delivery; nothing for what is no such call."""
    if not asked:
        return {}
    calls, people = zip(*asked, strict=True)
    rows = await tx.execute(_SPOKEN_OF, {"calls": list(calls), "recipients": list(people)})
    return {row.number - 1: row.delivery_id for row in rows}
