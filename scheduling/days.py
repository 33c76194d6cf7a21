"""The local days of a zone and the instants of its wall clock, as whole seconds since 1970 (UTC)."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY_SECONDS = 86_400
DAY_MINUTES = 1_440
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class Day(NamedTuple):
    """From the first instant of a date to the first of the next; a date that a zone skipped has no length."""

    start: int
    end: int

    @property
    def uniform(self) -> bool:
        """Return whether no clock change falls into it."""
        return self.end - self.start == DAY_SECONDS


@lru_cache(maxsize=1_024)
def zone_of(key: str) -> ZoneInfo:
    """The zone of an IANA name; ZoneInfo itself remembers only eight."""
    return ZoneInfo(key)


@lru_cache(maxsize=65_536)
def day_of(key: str, ordinal: int) -> Day:
    """The day of a date, given as its proleptic ordinal, in the zone `key`."""
    midnight = datetime.fromordinal(ordinal)
    zone = zone_of(key)
    return Day(_instant(midnight, zone, 0), _instant(midnight + timedelta(days=1), zone, 0))


def day_at(key: str, instant: int) -> int:
    """The ordinal of the date on which an instant falls."""
    ordinal = EPOCH_ORDINAL + instant // DAY_SECONDS
    while instant < day_of(key, ordinal).start:
        ordinal -= 1
    while instant >= day_of(key, ordinal).end:
        ordinal += 1
    return ordinal


def span_of(key: str, ordinal: int, start: int, end: int) -> tuple[int, int]:
    """The instants of a range of a date's wall clock, in minutes from 0 to 1440; none is left where start >= end.

    What falls into a clock gap moves forward by it, but nothing is left of a range that lies wholly in one; where the clock shows a time twice, a range starts at the earlier
    and ends at the later. No range leaves its date: 24:00 is when the next date begins.
    """
    day = day_of(key, ordinal)
    if day.uniform:
        return day.start + 60 * start, day.start + 60 * end
    midnight, zone = datetime.fromordinal(ordinal), zone_of(key)
    begins = _instant(midnight + timedelta(minutes=start), zone, 0)
    if end == DAY_MINUTES:
        return begins, day.end
    local = midnight + timedelta(minutes=end)
    if _is_skipped(midnight + timedelta(minutes=start), zone) and _is_skipped(local, zone):
        return begins, begins
    # In a gap PEP 495 has fold 0 as the later instant (moved forward), where a time is shown twice fold 1.
    ends = max(_instant(local, zone, 0), _instant(local, zone, 1))
    return begins, min(ends, day.end)


def wall_clock(key: str, instant: int) -> datetime:
    """Return the wall-clock time of the zone at an instant, naive."""
    return datetime.fromtimestamp(instant, zone_of(key)).replace(tzinfo=None)


def _is_skipped(local: datetime, zone: ZoneInfo) -> bool:
    """Return whether a clock change skips this local time; there PEP 495 has fold 0 as the later instant."""
    return _instant(local, zone, 0) > _instant(local, zone, 1)


def _instant(local: datetime, zone: ZoneInfo, fold: int) -> int:
    return int(local.replace(tzinfo=zone, fold=fold).astimezone(UTC).timestamp())
