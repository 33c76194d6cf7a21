"""Series that have begun: the rest of their pattern."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduling.expansion import Effort, TooMuchWork, local_times
from scheduling.recurrence import Recurrence, recurrence_of, starts
from scheduling.rrule_text import parsed

JSON = dict[str, Any]
_COUNT = re.compile(r"(?<=COUNT=)[0-9]+")
_LONG_AGO_MAX = 100_000  # days of nearly three centuries: more starts than any rule that is looked at has
_FIVE_YEARS = timedelta(days=366 * 5)
_A_SECOND = timedelta(seconds=1)


def recurrence_in(body: Mapping[str, Any], zone: str) -> Recurrence:
    """Return the series of a checked create. Raises InvalidPattern."""
    pattern = body["recurring_pattern"]
    until = pattern.get("until")
    return recurrence_of(
        local_start=datetime.fromisoformat(body["start_time"]),
        timezone=zone,
        rrule=pattern.get("rrule"),
        frequency=pattern.get("frequency"),
        interval=pattern.get("interval", 1),
        days_of_week=pattern.get("days_of_week"),
        count=pattern.get("count"),
        until=date.fromisoformat(until) if until else None,
        exdates=[datetime.fromisoformat(one) for one in pattern.get("exdates") or ()],
        rdates=[datetime.fromisoformat(one) for one in pattern.get("rdates") or ()],
    )


def has_begun(recurrence: Recurrence, at: datetime) -> bool:
    """Return whether an occurrence by the rule lies before `at`."""
    return wall_clock(at, recurrence.timezone) > recurrence.local_start


def still_to_come(recurrence: Recurrence, at: datetime) -> Recurrence | None:
    """Return the series from `at` on, at the same times as the whole; None when its rule has nothing more.

    It starts at the first occurrence by the rule, so that its interval keeps step, and counts those before it off.
    """
    rule = Recurrence(recurrence.local_start, recurrence.timezone, recurrence.rrule)
    ahead = starts(rule, after=at - _A_SECOND, until=at + timedelta(days=366 * 5), at_most=_LONG_AGO_MAX)
    if not ahead or rule.rrule is None:
        return None
    counted = _COUNT.search(rule.rrule)
    rrule = rule.rrule
    if counted:
        over = len(starts(rule, until=ahead[0] - _A_SECOND, at_most=_LONG_AGO_MAX))
        rrule = _COUNT.sub(str(int(counted.group()) - over), rrule)
    return Recurrence(
        wall_clock(ahead[0], recurrence.timezone),
        recurrence.timezone,
        rrule,
        tuple(one for one in recurrence.exdates if one >= at),
        tuple(one for one in recurrence.rdates if one >= at),
    )


def caught_up(body: JSON, zone: str, at: datetime) -> JSON | None:
    """Return a create whose rule is longer than a series may be, from its first occurrence at or after `at` on.

    None where it has not begun, or nothing is left. Raises InvalidPattern for a rule that makes no sense.
    """
    now, start = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None), _local(body["start_time"], zone)
    pattern = body["recurring_pattern"]
    if not pattern.get("rrule") or start >= now:
        return None
    rule = parsed(pattern["rrule"], count_max=_LONG_AGO_MAX)
    over = 0
    try:
        times = local_times(rule, start, start.date(), (now + _FIVE_YEARS).date(), Effort(_LONG_AGO_MAX))
        for first in times:
            if first >= now:
                break
            over += 1
        else:
            return None
    except TooMuchWork:
        return None
    rrule = _COUNT.sub(lambda count: str(int(count.group()) - over), pattern["rrule"].upper())
    dates = {
        name: [one for one in pattern.get(name) or () if _local(one, zone) >= first]
        for name in ("exdates", "rdates")
    }
    return {
        **body,
        "start_time": first.isoformat(),
        "end_time": (first + length_of(body["start_time"], body["end_time"])).isoformat(),
        "timezone": zone,
        "recurring_pattern": {"rrule": rrule, **{name: some for name, some in dates.items() if some}},
    }


def _local(time: str, zone: str) -> datetime:
    at = datetime.fromisoformat(time)
    return wall_clock(at, zone) if at.tzinfo else at


def pattern_of(recurrence: Recurrence) -> JSON:
    """Return it as `recurring_pattern`; dates in the wall clock of the series' zone."""
    pattern: JSON = {"rrule": recurrence.rrule}
    for name in ("exdates", "rdates"):
        dates = [wall_clock(one, recurrence.timezone).isoformat() for one in getattr(recurrence, name)]
        if dates:
            pattern[name] = dates
    return pattern


def wall_clock(instant: datetime, zone: str) -> datetime:
    """Return the wall clock of the zone, naive."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def length_of(start: str, end: str) -> timedelta:
    """Return the time between: elapsed where both have an offset, else of the wall clock."""
    one, other = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if one.tzinfo is None or other.tzinfo is None:
        return other.replace(tzinfo=None) - one.replace(tzinfo=None)
    return other.astimezone(UTC) - one.astimezone(UTC)
