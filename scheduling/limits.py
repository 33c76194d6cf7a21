"""Limits of every appointment: its length, and how far ahead it may be."""

from datetime import UTC, datetime
from functools import lru_cache

SHORTEST = 1
LONGEST = 86_400
YEARS_AHEAD = 5


@lru_cache(maxsize=1_024)
def latest_start(now: int) -> int:
    """The last second at which an appointment may start: five years from now."""
    at = datetime.fromtimestamp(now, UTC)
    try:
        return int(at.replace(year=at.year + YEARS_AHEAD).timestamp())
    except ValueError:  # 29 February
        return int(at.replace(year=at.year + YEARS_AHEAD, month=3, day=1).timestamp())
