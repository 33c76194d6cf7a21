"""The way of claimed deliveries out of the queue, or back into it: settled, retried, held, recovered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.notifier.domain.delivery import Delivery
from services.notifier.store.deliveries import settled_columns

# A process that has lost the lease changes nothing.
_SETTLE = text("""
    WITH mine AS (
        DELETE FROM queue WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND lease = :lease RETURNING delivery_id
    )
    UPDATE deliveries d SET state = r.state, attempts = r.attempts, reason = r.reason, sent_at = r.sent_at
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:attempts AS int[]), CAST(:reasons AS text[]),
        CAST(:sent AS timestamptz[])
    ) AS r(id, state, attempts, reason, sent_at)
    JOIN mine ON mine.delivery_id = r.id
    WHERE d.id = r.id
    RETURNING d.id
""")


_RETRY = text("""
    WITH later AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:attempts AS int[]), CAST(:reasons AS text[]),
            CAST(:due AS timestamptz[]), CAST(:outages AS boolean[])
        ) AS later(id, state, attempts, reason, due, outage)
    ), mine AS (
        UPDATE queue q SET lease = NULL, leased_until = NULL, next_attempt_at = later.due, outage = later.outage,
            held_for = NULL
        FROM later WHERE q.delivery_id = later.id AND q.lease = :lease
        RETURNING q.delivery_id
    )
    UPDATE deliveries d SET state = later.state, attempts = later.attempts, reason = later.reason
    FROM later JOIN mine ON mine.delivery_id = later.id
    WHERE d.id = later.id
    RETURNING d.id
""")


_HOLD = text("""
    WITH held AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:recipients AS uuid[]), CAST(:untils AS timestamptz[]),
            CAST(:reasons AS text[])
        ) AS held(id, state, recipient_id, until, reason)
    ), mine AS (
        UPDATE queue q SET lease = NULL, leased_until = NULL, next_attempt_at = held.until, outage = false,
            held_for = held.recipient_id, bundle = NULL
        FROM held WHERE q.delivery_id = held.id AND q.lease = :lease
        RETURNING q.delivery_id
    )
    UPDATE deliveries d SET state = held.state, held_until = held.until, reason = held.reason
    FROM held JOIN mine ON mine.delivery_id = held.id
    WHERE d.id = held.id
    RETURNING d.id
""")


# Held deliveries become due; the checks before the call decide anew about their hold.
_LOOK_AGAIN = text("""
    UPDATE queue SET next_attempt_at = :now
    WHERE organization_id = ANY(CAST(:organizations AS uuid[])) AND held_for = ANY(CAST(:users AS uuid[]))
        AND next_attempt_at > :now
""")


_LOOK_AGAIN_AT_ALL = text("""
    UPDATE queue SET next_attempt_at = :now
    WHERE organization_id = ANY(CAST(:organizations AS uuid[])) AND held_for IS NOT NULL AND next_attempt_at > :now
""")


_RECOVER = text("""
    UPDATE queue SET next_attempt_at = CAST(:now AS timestamptz) + random() * CAST(:spread AS interval)
    WHERE outage AND lease IS NULL AND next_attempt_at > :now
""")


@dataclass(slots=True)
class Later:
    """A delivery to try again. `outage`: only because the service was down."""

    delivery: Delivery
    due: datetime
    outage: bool


@dataclass(slots=True)
class Held:
    """A delivery held until its `held_until`. `announced`: an event about this hold was published before."""

    delivery: Delivery
    announced: bool


async def settle(tx: Transaction, lease: UUID, settled: Sequence[Delivery]) -> set[UUID]:
    """Write down ended deliveries, out of the queue; return those whose lease was still ours."""
    if not settled:
        return set()
    columns = settled_columns(settled)
    wanted = {name: columns[name] for name in ("ids", "states", "attempts", "reasons", "sent")}
    return set(await tx.scalars(_SETTLE, {**wanted, "lease": lease}))


async def retry(tx: Transaction, lease: UUID, later: Sequence[Later]) -> set[UUID]:
    """Put deliveries back for another attempt; return those whose lease was still ours."""
    if not later:
        return set()
    values = {
        "ids": [item.delivery.id for item in later],
        "states": [item.delivery.state for item in later],
        "attempts": [item.delivery.attempts for item in later],
        "reasons": [item.delivery.reason for item in later],
        "due": [item.due for item in later],
        "outages": [item.outage for item in later],
        "lease": lease,
    }
    return set(await tx.scalars(_RETRY, values))


async def hold(tx: Transaction, lease: UUID, held: Sequence[Held]) -> set[UUID]:
    """Put deliveries back until the end of their hold; return those whose lease was still ours."""
    if not held:
        return set()
    values = {
        "ids": [item.delivery.id for item in held],
        "states": [item.delivery.state for item in held],
        "recipients": [item.delivery.recipient_id for item in held],
        "untils": [item.delivery.held_until for item in held],
        "reasons": [item.delivery.reason for item in held],
        "lease": lease,
    }
    return set(await tx.scalars(_HOLD, values))


async def look_again(
    tx: Transaction, organizations: Collection[UUID], users: Collection[UUID] | None, now: datetime
) -> None:
    """Make held deliveries of these people (None: all) due, because preferences changed."""
    values = {"organizations": list(organizations), "now": now}
    if users is None:
        await tx.execute(_LOOK_AGAIN_AT_ALL, values)
    else:
        await tx.execute(_LOOK_AGAIN, {**values, "users": list(users)})


async def recover(tx: Transaction, now: datetime, spread: timedelta) -> int:
    """Make the deliveries due that waited only for the service, spread over an interval.

    Return their number.
    """
    return await tx.count(_RECOVER, {"now": now, "spread": spread})
