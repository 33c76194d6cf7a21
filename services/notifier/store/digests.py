"""Digests, and the deliveries that wait for them. A digest's row is locked while it is filled or closed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Database, Transaction
from services.notifier.domain.delivery import COLUMNS, Delivery


@dataclass(frozen=True, slots=True)
class Row:
    """One person's digest of one day; `due_at` in UTC."""

    id: UUID
    organization_id: UUID
    user_id: UUID
    day: date
    timezone: str
    by_choice: bool
    due_at: datetime


_COLUMNS = "id, organization_id, user_id, day, timezone, by_choice, due_at"

# In one order, so that two batches wait for each other instead of deadlocking.
_COUNT = text("""
    INSERT INTO told_daily AS known (user_id, day, told)
    SELECT user_id, day, more
    FROM unnest(CAST(:users AS uuid[]), CAST(:days AS date[]), CAST(:more AS int[])) AS counted(user_id, day, more)
    ORDER BY user_id, day
    ON CONFLICT (user_id, day) DO UPDATE SET told = known.told + excluded.told
    RETURNING user_id, day, told
""")

_CLOSED = text("""
    SELECT user_id, day, closed_at IS NOT NULL AS closed FROM digests
    WHERE user_id = ANY(CAST(:users AS uuid[])) AND day >= :since ORDER BY id FOR UPDATE
""")

_OPEN = text(f"""
    INSERT INTO digests AS known ({_COLUMNS})
    SELECT {_COLUMNS}
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:users AS uuid[]), CAST(:days AS date[]),
        CAST(:timezones AS text[]), CAST(:chosen AS boolean[]), CAST(:due AS timestamptz[])
    ) AS opened({_COLUMNS})
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET
        timezone = excluded.timezone, by_choice = known.by_choice OR excluded.by_choice, due_at = excluded.due_at
        WHERE known.closed_at IS NULL
    RETURNING id
""")  # noqa: S608  (names of our own columns)

_JOIN = text("""
    WITH joined AS (
        INSERT INTO digest_entries (delivery_id, digest_id)
        SELECT * FROM unnest(CAST(:deliveries AS uuid[]), CAST(:digests AS uuid[])) AS joined(delivery_id, digest_id)
        RETURNING delivery_id
    )
    DELETE FROM queue q USING joined WHERE q.delivery_id = joined.delivery_id
""")

_DUE = text(f"""
    SELECT {_COLUMNS} FROM digests WHERE closed_at IS NULL AND due_at <= :now
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")  # noqa: S608

_WAITING = text("""
    SELECT digest_id, delivery_id FROM digest_entries WHERE digest_id = ANY(CAST(:ids AS uuid[]))
""")

_IN_DIGESTS = text(f"""
    SELECT g.id AS digest_id, g.day, {", ".join(f"d.{name}" for name in COLUMNS)}
    FROM digests g JOIN digest_entries e ON e.digest_id = g.id JOIN deliveries d ON d.id = e.delivery_id
    WHERE g.id = ANY(CAST(:ids AS uuid[])) ORDER BY d.id FOR UPDATE OF d
""")  # noqa: S608

_POSTPONE = text("UPDATE digests SET due_at = :due WHERE id = :id")
_HOLD = text("""
    UPDATE deliveries SET held_until = :due, reason = :reason WHERE id = ANY(CAST(:ids AS uuid[]))
""")
_LEAVE = text("DELETE FROM digest_entries WHERE delivery_id = ANY(CAST(:ids AS uuid[]))")
_CLOSE = text("UPDATE digests SET closed_at = :now WHERE id = :id")
_DROP = text("DELETE FROM digests WHERE id = :id")

_LOOK_AGAIN = text("""
    UPDATE digests SET due_at = :now
    WHERE closed_at IS NULL AND organization_id = ANY(CAST(:organizations AS uuid[])) AND due_at > :now
        AND (CAST(:users AS uuid[]) IS NULL OR user_id = ANY(CAST(:users AS uuid[])))
""")


async def count(tx: Transaction, more: Mapping[tuple[UUID, date], int]) -> dict[tuple[UUID, date], int]:
    """Add to the number of messages of a person on a day; return the new numbers."""
    if not more:
        return {}
    values = {
        "users": [user for user, _ in more],
        "days": [day for _, day in more],
        "more": list(more.values()),
    }
    return {(row.user_id, row.day): row.told for row in await tx.execute(_COUNT, values)}


async def closed(tx: Transaction, users: Collection[UUID], since: date) -> dict[UUID, set[date]]:
    """Return, by person, the days from `since` on whose digests are closed; lock these and the open ones."""
    found: dict[UUID, set[date]] = {}
    for row in await tx.execute(_CLOSED, {"users": list(users), "since": since}):
        if row.closed:
            found.setdefault(row.user_id, set()).add(row.day)
    return found


async def open_for(tx: Transaction, wanted: Collection[Row]) -> set[UUID]:
    """Create these digests, or update their due times; return the ids of those that are open."""
    if not wanted:
        return set()
    values = {
        "ids": [row.id for row in wanted],
        "organizations": [row.organization_id for row in wanted],
        "users": [row.user_id for row in wanted],
        "days": [row.day for row in wanted],
        "timezones": [row.timezone for row in wanted],
        "chosen": [row.by_choice for row in wanted],
        "due": [row.due_at for row in wanted],
    }
    return set(await tx.scalars(_OPEN, values))


async def join(tx: Transaction, entries: Mapping[UUID, UUID]) -> None:
    """Move planned deliveries from the queue to their digests (digest's id by delivery's id)."""
    if entries:
        await tx.execute(_JOIN, {"deliveries": list(entries), "digests": list(entries.values())})


async def due(tx: Transaction, now: datetime, limit: int) -> list[Row]:
    """Return due digests, locked; skip those that another transaction has locked."""
    return [Row(*row) for row in await tx.execute(_DUE, {"now": now, "limit": limit})]


async def waiting(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return the deliveries that wait for each of these digests."""
    found: dict[UUID, list[UUID]] = {identifier: [] for identifier in ids}
    for row in await tx.execute(_WAITING, {"ids": list(ids)}):
        found[row.digest_id].append(row.delivery_id)
    return found


async def count_waiting(tx: Transaction) -> int:
    """Return the number of deliveries that wait for digests."""
    return int(
        await tx.scalar(
            text("""
                SELECT count(*) FROM digests g JOIN digest_entries e ON e.digest_id = g.id WHERE g.closed_at IS NULL
            """)
        )
    )


async def contents(tx: Transaction, ids: Sequence[UUID]) -> list[tuple[UUID, date, Delivery]]:
    """Return the entries of these digests: id and day of the digest, and the delivery, locked."""
    rows = await tx.execute(_IN_DIGESTS, {"ids": list(ids)})
    return [(row[0], row[1], Delivery(*row[2:])) for row in rows]


async def postpone(
    tx: Transaction, identifier: UUID, due_at: datetime, reason: str, deliveries: Sequence[UUID]
) -> None:
    """Give a digest, and the deliveries that wait for it, another time. They are held before and after."""
    await tx.execute(_POSTPONE, {"id": identifier, "due": due_at})
    await tx.execute(_HOLD, {"ids": list(deliveries), "due": due_at, "reason": reason})


async def leave(tx: Transaction, deliveries: Sequence[UUID]) -> None:
    """Remove these deliveries from their digests."""
    if deliveries:
        await tx.execute(_LEAVE, {"ids": list(deliveries)})


async def close(tx: Transaction, identifier: UUID, now: datetime) -> None:
    """Close a digest; no delivery joins it any more."""
    await tx.execute(_CLOSE, {"id": identifier, "now": now})


async def drop(tx: Transaction, identifier: UUID) -> None:
    """Delete an open digest."""
    await tx.execute(_DROP, {"id": identifier})


async def look_again(
    tx: Transaction, organizations: Collection[UUID], users: Collection[UUID] | None, now: datetime
) -> None:
    """Make the open digests of these people (None: of all) due, because preferences have changed."""
    values = {
        "organizations": list(organizations),
        "users": None if users is None else list(users),
        "now": now,
    }
    await tx.execute(_LOOK_AGAIN, values)


_FORGET = text("""
    DELETE FROM digests WHERE id IN (
        SELECT id FROM digests WHERE day < :before AND closed_at IS NOT NULL LIMIT :at_most FOR UPDATE SKIP LOCKED
    )
""")
_FORGET_COUNTS = text("""
    DELETE FROM told_daily WHERE (user_id, day) IN
        (SELECT user_id, day FROM told_daily WHERE day < :before LIMIT :at_most FOR UPDATE SKIP LOCKED)
""")


async def forget(database: Database, before: date) -> int:
    """Delete closed digests of earlier days; return their number."""
    return await database.in_slices(_FORGET, {"before": before})


async def forget_counts(database: Database, before: date) -> int:
    """Delete the message counts of earlier days, which are over in every time zone; return their number."""
    return await database.in_slices(_FORGET_COUNTS, {"before": before})
