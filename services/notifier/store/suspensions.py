"""Suspended channels of people. A restored one keeps its row, so that its versions continue."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.notifier.domain.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Suspension:
    """A channel of a person.

    `version` counts its changes; `restored_at`: None while suspended. Instants are UTC.
    """

    user_id: UUID
    channel: str
    organization_id: UUID
    version: int
    since: datetime
    reason: str | None
    notification_id: UUID
    restored_at: datetime | None


_COLUMNS = "user_id, channel, organization_id, version, since, reason, notification_id, restored_at"

_OF = text("""
    SELECT user_id, array_agg(channel) AS channels FROM suspensions
    WHERE user_id = ANY(CAST(:users AS uuid[])) AND restored_at IS NULL GROUP BY user_id
""")

# A bounce of a message that was sent before the channel was restored changes nothing.
_SUSPEND = text(f"""
    INSERT INTO suspensions AS known (user_id, channel, organization_id, version, since, reason, notification_id)
    SELECT bounced.user_id, channel, organization_id, 1, CAST(:now AS timestamptz), reason, bounced.id
    FROM unnest(
        CAST(:users AS uuid[]), CAST(:channels AS text[]), CAST(:organizations AS uuid[]), CAST(:reasons AS text[]),
        CAST(:ids AS uuid[]), CAST(:sent AS timestamptz[])
    ) AS bounced(user_id, channel, organization_id, reason, id, sent_at)
    WHERE NOT EXISTS (
        SELECT FROM suspensions s
        WHERE s.user_id = bounced.user_id AND s.channel = bounced.channel AND s.restored_at >= bounced.sent_at
    )
    ORDER BY bounced.user_id, channel
    ON CONFLICT (user_id, channel) DO UPDATE
    SET organization_id = excluded.organization_id, version = known.version + 1, since = excluded.since,
        reason = excluded.reason, notification_id = excluded.notification_id, restored_at = NULL
    WHERE known.restored_at IS NOT NULL
    RETURNING {_COLUMNS}
""")  # noqa: S608  (names of our own columns)

_RESTORE = text(f"""
    WITH lifted AS (
        SELECT s.user_id, s.channel FROM suspensions s
        JOIN unnest(CAST(:users AS uuid[]), CAST(:channels AS text[])) AS wanted(user_id, channel)
            USING (user_id, channel)
        WHERE s.restored_at IS NULL ORDER BY s.user_id, s.channel FOR UPDATE OF s
    )
    UPDATE suspensions s SET version = version + 1, restored_at = CAST(:now AS timestamptz)
    FROM lifted WHERE s.user_id = lifted.user_id AND s.channel = lifted.channel
    RETURNING {", ".join(f"s.{name}" for name in _COLUMNS.split(", "))}
""")  # noqa: S608

_SAVE = text(f"""
    INSERT INTO suspensions AS known ({_COLUMNS})
    SELECT * FROM unnest(
        CAST(:user_id AS uuid[]), CAST(:channel AS text[]), CAST(:organization_id AS uuid[]), CAST(:version AS int[]),
        CAST(:since AS timestamptz[]), CAST(:reason AS text[]), CAST(:notification_id AS uuid[]),
        CAST(:restored_at AS timestamptz[])
    )
    ON CONFLICT (user_id, channel) DO UPDATE
    SET (organization_id, version, since, reason, notification_id, restored_at) = ROW (
        excluded.organization_id, excluded.version, excluded.since, excluded.reason, excluded.notification_id,
        excluded.restored_at
    )
    WHERE known.version < excluded.version
""")  # noqa: S608


async def of(tx: Transaction, users: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """Return the suspended channels of these people; people without any are left out."""
    rows = await tx.execute(_OF, {"users": list(users)})
    return {row.user_id: frozenset(row.channels) for row in rows}


async def suspend(tx: Transaction, bounced: Sequence[Delivery], now: datetime) -> list[Suspension]:
    """Suspend the channels of bounced deliveries; return those that were not suspended before."""
    newest = {
        (item.recipient_id, item.channel): item
        for item in sorted(bounced, key=lambda item: item.sent_at or now)
    }
    if not newest:
        return []
    items = list(newest.values())
    values = {
        "users": [item.recipient_id for item in items],
        "channels": [item.channel for item in items],
        "organizations": [item.organization_id for item in items],
        "reasons": [item.reason for item in items],
        "ids": [item.id for item in items],
        "sent": [item.sent_at or now for item in items],
    }
    return [Suspension(*row) for row in await tx.execute(_SUSPEND, {**values, "now": now})]


async def restore(tx: Transaction, channels: Collection[tuple[UUID, str]], now: datetime) -> list[Suspension]:
    """Restore these channels; return those that were suspended."""
    if not channels:
        return []
    ordered = sorted(channels)
    values = {"users": [user for user, _ in ordered], "channels": [channel for _, channel in ordered]}
    return [Suspension(*row) for row in await tx.execute(_RESTORE, {**values, "now": now})]


async def save(tx: Transaction, channels: Sequence[Suspension]) -> None:
    """Save these unless newer versions are known; each channel of a person occurs at most once."""
    names = _COLUMNS.split(", ")
    await tx.execute(_SAVE, {name: [getattr(item, name) for item in channels] for name in names})
