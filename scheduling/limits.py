"""Limits of every appointment: its length, and how far ahead it may be. Seconds, and seconds since 1970 (UTC)."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SHORTEST = 1
LONGEST = 86_400
LONGEST_DAY = 26 * 3_600
"""The longest local day of any zone (at the station Troll, where clocks change by two hours): nothing lasts longer."""
YEARS_AHEAD = 5


@lru_cache(maxsize=1_024)
def latest_start(now: int) -> int:
    """The last second at which an appointment may start: five years from now."""
    at = datetime.fromtimestamp(now, UTC)
    try:
        return int(at.replace(year=at.year + YEARS_AHEAD).timestamp())
    except ValueError:  # 29 February
        return int(at.replace(year=at.year + YEARS_AHEAD, month=3, day=1).timestamp())


def longest_from(start: datetime, zone: str) -> timedelta:
    """The longest that something may last that starts at an instant: a day.

    That is 24 hours, or until clocks in the zone show the same time on the next day, whichever is longer.
    """
    clock = ZoneInfo(zone)
    local = start.astimezone(clock).replace(tzinfo=None, fold=0)
    limit = timedelta(seconds=LONGEST)
    try:
        same = local + timedelta(days=1)
        ends = [same.replace(tzinfo=clock, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except OverflowError:
        return limit
    return min(max(limit, *(end - start for end in ends)), timedelta(seconds=LONGEST_DAY))
