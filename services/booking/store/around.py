"""Ranges of people's time, as SQL takes them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from services.booking.domain.model.times import Period

Ranges = Collection[tuple[UUID, Period]]

AROUND = """
    FROM unnest(CAST(:users AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        AS needed(user_id, starts, ends)
"""


def columns(ranges: Ranges) -> dict[str, Any]:
    """Return the values of AROUND."""
    return {
        "users": [user for user, _ in ranges],
        "starts": [when.start for _, when in ranges],
        "ends": [when.end for _, when in ranges],
    }
