"""The queue of deliveries as the dispatcher uses it: claim, load, settle, put back, release."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database.transactions import Transaction
from notifications.preferences import (
    NO_RULES,
    NOTHING_SAID,
    Organization,
    Preferences,
    organization_of,
    preferences_of,
)
from services.notifier.domain.delivery import COLUMNS, Delivery
from services.notifier.domain.staleness import Current
from services.notifier.store.deliveries import settled_columns

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

_LOOK = text(f"""
    SELECT {", ".join(f"d.{name}" for name in COLUMNS)}, p.body,
        a.version, a.moved_in, a.status, a.end_time, d.recipient_id = ANY(a.involved),
        EXISTS (
            SELECT FROM suspensions s
            WHERE s.user_id = d.recipient_id AND s.channel = d.channel AND s.restored_at IS NULL
        ),
        CAST(own.body AS text), CAST(o.body AS text)
    FROM deliveries d
    JOIN payloads p ON p.delivery_id = d.id
    LEFT JOIN appointments a ON a.id = coalesce(d.series_id, d.appointment_id)
    LEFT JOIN preferences own ON own.user_id = d.recipient_id
    LEFT JOIN organizations o ON o.organization_id = d.organization_id
    WHERE d.id = ANY(CAST(:ids AS uuid[]))
""")  # noqa: S608  (names of our own columns)

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

_RENEW = text("""
    UPDATE queue SET leased_until = :until WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND lease = :lease
""")

_RELEASE = text("""
    UPDATE queue SET lease = NULL, leased_until = NULL
    WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND lease = :lease
""")

_DROP = text("DELETE FROM queue WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND lease = :lease")

_RECOVER = text("""
    UPDATE queue SET next_attempt_at = CAST(:now AS timestamptz) + random() * CAST(:spread AS interval)
    WHERE outage AND lease IS NULL AND next_attempt_at > :now
""")


class Claimed(NamedTuple):
    """A claimed delivery.

    `bundle`: those that it may share a call with; `call`: the group call that it belongs to.
    """

    id: UUID
    bundle: UUID | None = None
    call: UUID | None = None


@dataclass(slots=True)
class Checked:
    """A claimed delivery with its payload, and with its appointment and the preferences as they are now.

    `suspended`: the address of its channel has bounced. `at`: time of loading, in seconds of the monotonic
    clock.
    """

    delivery: Delivery
    body: bytes
    current: Current | None
    own: Preferences
    organization: Organization
    suspended: bool = False
    at: float = field(default_factory=time.monotonic)


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


async def look(tx: Transaction, ids: Sequence[UUID]) -> list[Checked]:
    """Load claimed deliveries in one query, with their appointments and preferences as they are now."""
    rows = await tx.execute(_LOOK, {"ids": list(ids)})
    width = len(COLUMNS)
    return [
        Checked(
            Delivery(*row[:width]),
            row[width],
            Current(*row[width + 1 : -3]) if row[width + 1] is not None else None,
            _own(row[-2]),
            _organization(row[-1]),
            row[-3],
        )
        for row in rows
    ]


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


async def renew(tx: Transaction, lease: UUID, ids: Sequence[UUID], until: datetime) -> None:
    """Extend the leases of these deliveries."""
    await tx.execute(_RENEW, {"lease": lease, "ids": list(ids), "until": until})


async def release(tx: Transaction, lease: UUID, ids: Sequence[UUID]) -> None:
    """Release claimed deliveries untried."""
    await tx.execute(_RELEASE, {"lease": lease, "ids": list(ids)})


async def drop(tx: Transaction, lease: UUID, ids: Sequence[UUID]) -> None:
    """Take claimed deliveries out of the queue that were ended by other means than a call."""
    await tx.execute(_DROP, {"lease": lease, "ids": list(ids)})


async def recover(tx: Transaction, now: datetime, spread: timedelta) -> int:
    """Make the deliveries due that waited only for the service, spread over an interval.

    Return their number.
    """
    return await tx.count(_RECOVER, {"now": now, "spread": spread})


# Thousands of deliveries a second have the same few texts.
@lru_cache(maxsize=4_096)
def _own(body: str | None) -> Preferences:
    return NOTHING_SAID if body is None else preferences_of(orjson.loads(body))


@lru_cache(maxsize=256)
def _organization(body: str | None) -> Organization:
    return NO_RULES if body is None else organization_of(orjson.loads(body))
