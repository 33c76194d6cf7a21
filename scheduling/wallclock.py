"""Wall-clock time and zone to instant, where a clock change makes some local times impossible and some double."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo


class NonexistentTime(ValueError):
    """Clocks in that zone jump over this local time."""


def resolve(local: datetime, zone: ZoneInfo, fold: int = 0) -> datetime:
    """The instant, in UTC, at which clocks in `zone` show `local` (naive).

    An ambiguous time is the earlier instant with `fold` 0 and the later with 1 (PEP 495). Raises NonexistentTime
    for a time that a clock change skips, OverflowError at the ends of the calendar, ValueError for an aware time.
    """
    if local.tzinfo is not None:
        raise ValueError("the local time must be naive")
    wall = local.replace(fold=0)
    instant = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) != wall:
        raise NonexistentTime(f"{wall.isoformat()} does not exist in {zone.key}")
    return instant


def moved_out_of_gaps(local: datetime, zone: tzinfo) -> datetime:
    """The instant, in UTC, of `local` (naive): moved forward by the gap that skips it, the earlier if it is ambiguous.

    RFC 5545, 3.3.5, and PEP 495: with fold 0 a skipped time has the offset before the change. OverflowError at the
    ends of the calendar.
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
