"""Deliveries, planned once and found again; their payloads, and their place in the queue."""

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

# Only what was not planned before goes on to the queue, and is returned.
_PLAN = text(f"""
    WITH asked AS (
        SELECT * FROM unnest({_ARRAYS}, CAST(:bodies AS bytea[]), CAST(:bundles AS uuid[]))
            AS asked({NAMES}, body, bundle)
    ), fresh AS (
        INSERT INTO deliveries ({NAMES}) SELECT {NAMES} FROM asked ON CONFLICT DO NOTHING RETURNING id
    ), queued AS (
        INSERT INTO queue (delivery_id, organization_id, next_attempt_at, held_for, bundle)
        SELECT asked.id, asked.organization_id, coalesce(asked.held_until, CAST(:due AS timestamptz)),
            CASE WHEN asked.held_until IS NOT NULL THEN asked.recipient_id END,
            asked.bundle
        FROM asked JOIN fresh USING (id)
    ), worded AS (
        INSERT INTO payloads (delivery_id, body) SELECT asked.id, asked.body FROM asked JOIN fresh USING (id)
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

# Without an idempotency key a report says which appointment, who and where: it speaks of what was sent there last.
_LAST_SENT = text("""
    SELECT asked.number, last.id
    FROM unnest(CAST(:appointments AS uuid[]), CAST(:recipients AS uuid[]), CAST(:channels AS text[]))
        WITH ORDINALITY AS asked(appointment_id, recipient_id, channel, number)
    CROSS JOIN LATERAL (
        SELECT id FROM deliveries d
        WHERE d.appointment_id = asked.appointment_id AND d.recipient_id = asked.recipient_id
            AND d.channel = asked.channel AND d.state = 'sent'
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
    """Insert deliveries with their payloads, due at once or when they are no longer held; returns
    those that were not there before, in order. `bundles`: of those that may share a call.
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
    """Which of these events have been planned before, whatever the preferences were then."""
    return set(await tx.scalars(_PLANNED, {"events": list(event_ids)}))


async def of_causes(tx: Transaction, event_ids: Sequence[UUID], causes: Sequence[str]) -> list[Delivery]:
    """What these very records once planned."""
    rows = await tx.execute(_OF_CAUSES, {"events": list(event_ids), "causes": list(causes)})
    return [Delivery(*row) for row in rows]


async def locked(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Delivery]:
    """These deliveries, locked in one order until the transaction ends."""
    rows = await tx.execute(_LOCKED, {"ids": list(ids)})
    return {row.id: Delivery(*row) for row in rows}


async def last_sent(tx: Transaction, asked: Sequence[tuple[UUID, UUID, str]]) -> dict[int, UUID]:
    """For each appointment, recipient and channel, by position in `asked`, the delivery sent there last."""
    if not asked:
        return {}
    appointments, recipients, channels = zip(*asked, strict=True)
    values = {"appointments": list(appointments), "recipients": list(recipients), "channels": list(channels)}
    return {row.number - 1: row.id for row in await tx.execute(_LAST_SENT, values)}


async def payloads(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The call's JSON of these deliveries."""
    return {row.delivery_id: row.body for row in await tx.execute(_PAYLOADS, {"ids": list(ids)})}


async def reword(tx: Transaction, bodies: Mapping[UUID, bytes]) -> None:
    """Replace the call's JSON of deliveries that the caller has locked; an operator's correction, so they are few."""
    await tx.execute_each(_REWORD, [{"id": identifier, "body": body} for identifier, body in bodies.items()])


async def settle(tx: Transaction, settled: Sequence[Delivery]) -> None:
    """Write the state of deliveries that the caller has locked."""
    await tx.execute(_SETTLE, settled_columns(settled))


def settled_columns(settled: Sequence[Delivery]) -> dict[str, list[object]]:
    """The columns that change in a delivery's life, as arrays."""
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
    """Take deliveries out of the queue; whoever is calling for them loses the lease."""
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
    """Drop the history of deliveries that are out of the queue; returns how many deliveries."""
    return await database.in_slices(_FORGET, {"before": planned_before})


async def waiting(tx: Transaction) -> tuple[int, int]:
    """How many deliveries are still to be sent, and how many of them are held."""
    [row] = await tx.execute(text("SELECT count(*) AS waiting, count(held_for) AS held FROM queue"))
    return row.waiting, row.held
