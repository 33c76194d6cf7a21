"""Deliveries, their payloads, and their places in the queue."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Database, Transaction
from services.notifier.domain.delivery import COLUMNS, Delivery

_TYPES = {
    "version": "int",
    "attempts": "int",
    "redrives": "int",
    **dict.fromkeys(
        ("planned_at", "starts_at", "expires_at", "held_until", "sent_at", "delivered_at"), "timestamptz"
    ),
    **dict.fromkeys(
        ("id", "organization_id", "event_id", "appointment_id", "recipient_id", "fallback_of", "series_id"),
        "uuid",
    ),
}
_ARRAYS = ", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'text')}[])" for name in COLUMNS)
NAMES = ", ".join(COLUMNS)
_PLAN_AT_ONCE = 5_000

# Only deliveries that were not planned before are queued and returned.
_PLAN = text(f"""
    WITH wanted AS (
        SELECT * FROM unnest({_ARRAYS}, CAST(:bodies AS bytea[]), CAST(:bundles AS uuid[]))
            AS wanted({NAMES}, body, bundle)
    ), fresh AS (
        INSERT INTO deliveries ({NAMES}) SELECT {NAMES} FROM wanted ON CONFLICT DO NOTHING RETURNING id
    ), queued AS (
        INSERT INTO queue (delivery_id, organization_id, next_attempt_at, held_for, bundle)
        SELECT wanted.id, wanted.organization_id, coalesce(wanted.held_until, CAST(:due AS timestamptz)),
            CASE WHEN wanted.held_until IS NOT NULL THEN wanted.recipient_id END,
            wanted.bundle
        FROM wanted JOIN fresh USING (id)
    ), worded AS (
        INSERT INTO payloads (delivery_id, body) SELECT wanted.id, wanted.body FROM wanted JOIN fresh USING (id)
    )
    SELECT id FROM fresh
""")  # noqa: S608  (names of our own columns)

_OF_CAUSES = text(f"""
    SELECT {NAMES} FROM deliveries
    WHERE event_id = ANY(CAST(:events AS uuid[])) AND cause = ANY(CAST(:causes AS text[])) AND fallback_of IS NULL
""")  # noqa: S608

_PLANNED = text("SELECT DISTINCT event_id FROM deliveries WHERE event_id = ANY(CAST(:events AS uuid[]))")

_LOCKED = text(f"""
    SELECT {NAMES} FROM deliveries WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")  # noqa: S608

# A report without an idempotency key names appointment, recipient and channel: it is about the last delivery
# there.
_LAST_SENT = text("""
    SELECT wanted.number, last.id
    FROM unnest(CAST(:appointments AS uuid[]), CAST(:recipients AS uuid[]), CAST(:channels AS text[]))
        WITH ORDINALITY AS wanted(appointment_id, recipient_id, channel, number)
    CROSS JOIN LATERAL (
        SELECT id FROM deliveries d
        WHERE d.appointment_id = wanted.appointment_id AND d.recipient_id = wanted.recipient_id
            AND d.channel = wanted.channel AND d.state = 'sent'
        ORDER BY d.sent_at DESC, d.id LIMIT 1
    ) last
""")

_PAYLOADS = text("SELECT delivery_id, body FROM payloads WHERE delivery_id = ANY(CAST(:ids AS uuid[]))")

_REWORD = text("UPDATE payloads SET body = :body WHERE delivery_id = :id")

_SETTLE = text("""
    UPDATE deliveries d SET state = r.state, attempts = r.attempts, redrives = r.redrives, reason = r.reason,
        sent_at = r.sent_at, delivered_at = r.delivered_at
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:attempts AS int[]), CAST(:redrives AS int[]),
        CAST(:reasons AS text[]), CAST(:sent AS timestamptz[]), CAST(:delivered AS timestamptz[])
    ) AS r(id, state, attempts, redrives, reason, sent_at, delivered_at)
    WHERE d.id = r.id
""")

_UNQUEUE = text("DELETE FROM queue WHERE delivery_id = ANY(CAST(:ids AS uuid[]))")

_REQUEUE = text("""
    INSERT INTO queue (delivery_id, organization_id, next_attempt_at)
    SELECT id, organization_id, CAST(:due AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[])) AS again(id, organization_id)
    ON CONFLICT (delivery_id) DO UPDATE SET
        next_attempt_at = excluded.next_attempt_at, outage = false, held_for = NULL, bundle = NULL, call_id = NULL
""")


async def plan(
    tx: Transaction,
    planned: Sequence[tuple[Delivery, bytes]],
    due: datetime,
    bundles: Mapping[UUID, UUID] = MappingProxyType({}),
) -> list[Delivery]:
    """Insert deliveries with their payloads, due at once or at the end of their hold. `bundles`: by delivery.

    Return those that were not there before, in order.
    """
    fresh: set[UUID] = set()
    for first in range(0, len(planned), _PLAN_AT_ONCE):  # a statement has a time limit
        chunk = planned[first : first + _PLAN_AT_ONCE]
        rows = {name: list(map(attrgetter(name), (item for item, _ in chunk))) for name in COLUMNS}
        bodies = [body for _, body in chunk]
        bundled = [bundles.get(item.id) for item, _ in chunk]
        found = await tx.execute(_PLAN, {**rows, "bodies": bodies, "bundles": bundled, "due": due})
        fresh.update(row[0] for row in found)
    return [item for item, _ in planned if item.id in fresh]


async def planned_events(tx: Transaction, event_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these events that were planned before."""
    return set(await tx.scalars(_PLANNED, {"events": list(event_ids)}))


async def of_causes(tx: Transaction, event_ids: Sequence[UUID], causes: Sequence[str]) -> list[Delivery]:
    """Return the deliveries that were planned from these very records."""
    rows = await tx.execute(_OF_CAUSES, {"events": list(event_ids), "causes": list(causes)})
    return [Delivery(*row) for row in rows]


async def locked(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Delivery]:
    """Return these deliveries, locked in one order until the transaction ends."""
    rows = await tx.execute(_LOCKED, {"ids": list(ids)})
    return {row.id: Delivery(*row) for row in rows}


async def last_sent(tx: Transaction, keys: Sequence[tuple[UUID, UUID, str]]) -> dict[int, UUID]:
    """Return, by position in `keys`, the last delivery sent for appointment, recipient and channel."""
    if not keys:
        return {}
    appointments, recipients, channels = zip(*keys, strict=True)
    values = {"appointments": list(appointments), "recipients": list(recipients), "channels": list(channels)}
    return {row.number - 1: row.id for row in await tx.execute(_LAST_SENT, values)}


async def payloads(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return the payloads of these deliveries."""
    return {row.delivery_id: row.body for row in await tx.execute(_PAYLOADS, {"ids": list(ids)})}


async def reword(tx: Transaction, bodies: Mapping[UUID, bytes]) -> None:
    """Replace the payloads of deliveries that the caller has locked.

    They are few, as operators correct them.
    """
    await tx.execute_each(_REWORD, [{"id": identifier, "body": body} for identifier, body in bodies.items()])


async def settle(tx: Transaction, settled: Sequence[Delivery]) -> None:
    """Write the state of deliveries that the caller has locked."""
    await tx.execute(_SETTLE, settled_columns(settled))


def settled_columns(settled: Sequence[Delivery]) -> dict[str, list[object]]:
    """Return the columns that transitions change, as arrays."""
    return {
        "ids": [item.id for item in settled],
        "states": [item.state for item in settled],
        "attempts": [item.attempts for item in settled],
        "redrives": [item.redrives for item in settled],
        "reasons": [item.reason for item in settled],
        "sent": [item.sent_at for item in settled],
        "delivered": [item.delivered_at for item in settled],
    }


async def unqueue(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Take deliveries out of the queue, even if they are leased."""
    await tx.execute(_UNQUEUE, {"ids": list(ids)})


async def requeue(tx: Transaction, items: Sequence[Delivery], due: datetime) -> None:
    """Put deliveries into the queue again."""
    organizations = [item.organization_id for item in items]
    ids = [item.id for item in items]
    await tx.execute(_REQUEUE, {"ids": ids, "organizations": organizations, "due": due})


_FORGET = text("""
    WITH gone AS (
        DELETE FROM deliveries WHERE id IN (
            SELECT id FROM deliveries d WHERE d.planned_at < :before
                AND NOT EXISTS (SELECT FROM queue q WHERE q.delivery_id = d.id)
            LIMIT :at_most FOR UPDATE SKIP LOCKED
        ) RETURNING id
    ), uncalled AS (
        DELETE FROM calls c USING gone WHERE c.delivery_id = gone.id
    ), unsaid AS (
        DELETE FROM payloads p USING gone WHERE p.delivery_id = gone.id
    )
    SELECT id FROM gone
""")


async def forget(database: Database, planned_before: datetime) -> int:
    """Delete old deliveries that are out of the queue; return their number."""
    return await database.in_slices(_FORGET, {"before": planned_before})


async def waiting(tx: Transaction) -> tuple[int, int]:
    """Return the numbers of deliveries in the queue, and of held ones among them."""
    [row] = await tx.execute(text("SELECT count(*) AS waiting, count(held_for) AS held FROM queue"))
    return row.waiting, row.held
