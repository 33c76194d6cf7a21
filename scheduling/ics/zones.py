"""A zone as VTIMEZONE: its clock changes in the years that a calendar uses, as rules where a rule gives them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduling.rrule import WEEKDAYS

EARLIEST, LATEST = 1970, 2100
_YEARS_TO_KNOW_A_RULE = 12
_STEP = timedelta(days=3)
"""Shorter than the time between any two changes: Morocco's are a month apart."""


class Change(NamedTuple):
    """One change of the clocks: the local time before it at which it happens, and the offsets from UTC."""

    onset: datetime
    before: timedelta
    after: timedelta


@lru_cache(maxsize=512)
def vtimezone(key: str, first_year: int, last_year: int) -> tuple[str, ...]:
    """The lines of a VTIMEZONE that is correct for the years from `first_year` to `last_year` at least."""
    zone = ZoneInfo(key)
    begin = datetime(min(max(first_year - 1, EARLIEST), LATEST), 1, 1, tzinfo=UTC)
    last_year = min(max(last_year + 1, begin.year + _YEARS_TO_KNOW_A_RULE), LATEST + 1)
    changes = list(_changes(zone, begin, datetime(last_year + 1, 1, 1, tzinfo=UTC)))
    offset = _offset(zone, begin)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{key}"]
    lines += _observance([Change((begin + offset).replace(tzinfo=None), offset, offset)], last_year)
    kinds = dict.fromkeys((change.before, change.after) for change in changes)
    for kind in kinds:
        lines += _observance([change for change in changes if change[1:] == kind], last_year)
    return (*lines, "END:VTIMEZONE")


@lru_cache(maxsize=4_096)
def changes_of(key: str, year: int) -> tuple[Change, ...]:
    """The changes of a zone in a year, in their order."""
    zone = ZoneInfo(key)
    begin, end = (datetime(one, 1, 1, tzinfo=UTC) for one in (year, year + 1))
    near = timedelta(days=2)
    return tuple(one for one in _changes(zone, begin - near, end + near) if one.onset.year == year)


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Change]:
    at = begin
    while at < end:
        later = at + _STEP
        before, after = _offset(zone, at), _offset(zone, later)
        if before != after:
            onset = _first_at(zone, at, later, after) + before
            yield Change(onset.replace(tzinfo=None), before, after)
        at = later


def _first_at(zone: ZoneInfo, low: datetime, high: datetime, offset: timedelta) -> datetime:
    """The second in (low, high] from which on the zone has the offset."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if _offset(zone, middle) == offset else (middle, high)
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _observance(changes: Sequence[Change], last_year: int) -> list[str]:
    """Changes of one kind; forward is DAYLIGHT, also in Dublin, where the law calls winter the exception."""
    first = changes[0]
    name = "DAYLIGHT" if first.after > first.before else "STANDARD"
    lines = [
        f"BEGIN:{name}",
        f"DTSTART:{first.onset:%Y%m%dT%H%M%S}",
        f"TZOFFSETFROM:{_written(first.before)}",
        f"TZOFFSETTO:{_written(first.after)}",
    ]
    onsets = [change.onset for change in changes]
    if rule := _rule(onsets, last_year):
        lines.append(f"RRULE:{rule}")
    elif onsets[1:]:
        lines.append(f"RDATE:{','.join(f'{onset:%Y%m%dT%H%M%S}' for onset in onsets[1:])}")
    return [*lines, f"END:{name}"]


def _rule(onsets: Sequence[datetime], last_year: int) -> str | None:
    """The yearly rule that all the changes follow up to the last year, if one does."""
    years = [onset.year for onset in onsets]
    alike = {(onset.month, onset.weekday(), onset.time()) for onset in onsets}
    if len(alike) > 1 or len(years) < _YEARS_TO_KNOW_A_RULE - 1:
        return None
    if years != list(range(years[0], last_year + 1)):
        return None
    places = {(onset.day - 1) // 7 + 1 for onset in onsets}
    is_last = all((onset + timedelta(days=7)).month != onset.month for onset in onsets)
    if len(places) > 1 and not is_last:
        return None
    place = places.pop() if len(places) == 1 else -1
    return f"FREQ=YEARLY;BYMONTH={onsets[0].month};BYDAY={place}{WEEKDAYS[onsets[0].weekday()]}"


def _written(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    odd = f"{rest % 60:02}" if rest % 60 else ""
    return f"{'-' if seconds < 0 else '+'}{hours:02}{rest // 60:02}{odd}"
