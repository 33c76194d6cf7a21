"""Occurrences of a series: wall-clock times of its zone, by an RFC 5545 rule with exceptions.

An occurrence that falls into a clock gap moves forward by the gap; an ambiguous one is the earlier. Whatever the rule,
no more than some five years of days are looked through.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.expansion import local_times
from scheduling.patterns import DATES, FRIENDLY, LONGEST, RRULE, checked, friendly_rule
from scheduling.rrule import COUNT_MAX, InvalidPattern
from scheduling.rrule_text import parsed, written
from scheduling.wallclock import moved_out_of_gaps

__all__ = ["InvalidPattern", "Recurrence", "TooMany", "recurrence_of", "shift", "starts"]

DATES_MAX = 500
_A_DAY = timedelta(days=1)


class TooMany(ValueError):
    """The series occurs more often in that time than was asked for."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A series' times.

    `local_start` is its first start by the rule, naive wall clock of `timezone` (IANA); `rrule` is canonical, without
    it the series is the start and `rdates`; `exdates` and `rdates` are UTC.
    """

    local_start: datetime
    timezone: str
    rrule: str | None
    exdates: tuple[datetime, ...] = ()
    rdates: tuple[datetime, ...] = ()

    @property
    def endless(self) -> bool:
        """Return whether the rule has no end."""
        if self.rrule is None:
            return False
        rule = parsed(self.rrule)
        return rule.count is None and rule.until is None


def recurrence_of(
    *,
    local_start: datetime,
    timezone: str,
    rrule: str | None = None,
    frequency: str | None = None,
    interval: int = 1,
    days_of_week: Sequence[int] | None = None,
    count: int | None = None,
    until: date | None = None,
    exdates: Iterable[datetime] = (),
    rdates: Iterable[datetime] = (),
) -> Recurrence:
    """The series of a pattern; raises InvalidPattern, at once whatever the pattern.

    An aware `local_start` means its wall clock in the zone; `until` is a local date, included; naive `exdates` and
    `rdates` are local. The first occurrence is the first match at or after the start; all must lie within five years
    of it, 750 at most (of a rule without end: in each of its years).
    """
    zone = ZoneInfo(timezone)
    start = (local_start.astimezone(zone) if local_start.tzinfo else local_start).replace(tzinfo=None, fold=0)
    if rrule is not None:
        fields = RRULE
        rule, first = checked(parsed(rrule), start, zone, fields)
    elif frequency is not None:
        fields = FRIENDLY
        wanted = friendly_rule(frequency, interval, days_of_week, count, until)
        rule, first = checked(wanted, start, zone, fields)
    else:
        fields, rule, first = DATES, None, start
    recurrence = Recurrence(
        local_start=first,
        timezone=timezone,
        rrule=written(rule) if rule else None,
        exdates=_instants("exdates", exdates, zone),
        rdates=_instants("rdates", rdates, zone, within=(start, start + LONGEST)),
    )
    _check_number(recurrence, fields.end if until else fields.rule)
    return recurrence


def starts(
    recurrence: Recurrence, *, after: datetime | None = None, until: datetime, at_most: int
) -> list[datetime]:
    """The starts after `after` up to `until` (included), in UTC, sorted, each once; TooMany beyond `at_most`.

    Those that lie more than some five years after `after` (or after the start) are left out.
    """
    found = {one for one in recurrence.rdates if one <= until and (after is None or one > after)}
    for instant in _by_rule(recurrence, after, until):
        if instant <= until and (after is None or instant > after):
            found.add(instant)
        if len(found) > at_most + len(recurrence.exdates):
            break
    left = sorted(found.difference(recurrence.exdates))
    if len(left) > at_most:
        raise TooMany(f"more than {at_most} occurrences")
    return left


def shift(instant: datetime, zone: str, by: timedelta) -> datetime:
    """`instant` moved by so much wall-clock time of `zone`, in UTC; OverflowError at the ends of the calendar.

    A time in a clock gap moves forward by the gap, an ambiguous one is the earlier; no shift changes nothing.
    """
    if not by:
        return instant.astimezone(UTC)
    clock = ZoneInfo(zone)
    return moved_out_of_gaps(instant.astimezone(clock).replace(tzinfo=None) + by, clock)


def _by_rule(recurrence: Recurrence, after: datetime | None, until: datetime) -> Iterator[datetime]:
    zone, start = ZoneInfo(recurrence.timezone), recurrence.local_start
    if recurrence.rrule is None:
        yield moved_out_of_gaps(start, zone)
        return
    rule = parsed(recurrence.rrule)
    first = start if after is None else max(start, after.astimezone(zone).replace(tzinfo=None) - _A_DAY)
    end = min(until, moved_out_of_gaps(first, zone) + LONGEST + 3 * _A_DAY)
    last = end.astimezone(zone).replace(tzinfo=None) + _A_DAY
    for local in local_times(rule, start, first.date(), last.date()):
        instant = moved_out_of_gaps(local, zone)
        if not isinstance(rule.until, datetime) or instant <= rule.until:
            yield instant


def _instants(
    field: str,
    times: Iterable[datetime],
    zone: ZoneInfo,
    within: tuple[datetime, datetime] | None = None,
) -> tuple[datetime, ...]:
    """Local times or instants as instants, sorted; `within`: naive local bounds, both included."""
    found = set()
    for index, at in enumerate(times):
        if index == DATES_MAX:
            raise InvalidPattern(field, "too_many", f"At most {DATES_MAX} dates are allowed.")
        try:
            instant = at.astimezone(UTC) if at.tzinfo else moved_out_of_gaps(at, zone)
            local = instant.astimezone(zone).replace(tzinfo=None)
        except OverflowError:
            raise InvalidPattern(f"{field}.{index}", "out_of_range", "This date is out of range.") from None
        if within and not within[0] <= local <= within[1]:
            raise InvalidPattern(
                f"{field}.{index}",
                "out_of_range",
                "Each date must be between the start and five years after it.",
            )
        found.add(instant)
    return tuple(sorted(found))


def _check_number(recurrence: Recurrence, field: str) -> None:
    """A series has something, and no more than 750; of one without end the first year is looked at."""
    zone = ZoneInfo(recurrence.timezone)
    longest = timedelta(days=366) if recurrence.endless else LONGEST + _A_DAY
    end = moved_out_of_gaps(recurrence.local_start, zone) + longest
    try:
        found = starts(recurrence, until=end, at_most=COUNT_MAX)
    except TooMany:
        raise InvalidPattern(field, "too_many", f"A series has at most {COUNT_MAX} occurrences.") from None
    if not found and not recurrence.endless:
        raise InvalidPattern("exdates", "no_occurrence", "The exceptions leave no occurrence in the series.")
