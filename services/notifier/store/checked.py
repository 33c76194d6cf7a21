"""Claimed deliveries as they are now, with the appointment and the preferences to check them against."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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


# Thousands of deliveries a second have the same few texts.
@lru_cache(maxsize=4_096)
def _own(body: str | None) -> Preferences:
    return NOTHING_SAID if body is None else preferences_of(orjson.loads(body))


@lru_cache(maxsize=256)
def _organization(body: str | None) -> Organization:
    return NO_RULES if body is None else organization_of(orjson.loads(body))
