"""Which local times a recurrence rule names, in order, without a loop that a rule can make long.

The days of each period are looked through once, so a rule that matches nothing costs what a daily one does: a few
milliseconds for five years. (dateutil looks on until the year 9999, some seconds, for the 30th of February.)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache, reduce
from itertools import product

from scheduling.rrule import Frequency, RecurrenceRule, Weekday

_DAYS_AT_ONCE = 28
_LAST_DAY = date.max.toordinal()


class TooMuchWork(ValueError):
    """The rules of others would take more days to look through than were granted."""


@dataclass(slots=True)
class Effort:
    """How many days may still be looked through, for rules that others wrote and that share a grant."""

    days_left: int

    def spend(self, days: int) -> None:
        """Take the days off; raises TooMuchWork when there are no more."""
        self.days_left -= days
        if self.days_left < 0:
            raise TooMuchWork("too many days to look through")


def local_times(
    rule: RecurrenceRule, start: datetime, first: date, last: date, effort: Effort | None = None
) -> Iterator[datetime]:
    """The naive local times that `rule` names from `start` (naive) on, on days from `first` to `last`, both included.

    COUNT is counted from the start, so that all before `first` is looked through; UNTIL is the caller's to apply.
    """
    left = rule.count
    rule = _completed(rule, start)
    times = _times_of_day(rule, start)
    begin = start.date() if left is not None else max(start.date(), first)
    for days in _periods(rule, start.date(), begin.toordinal(), last.toordinal(), effort):
        for local in _chosen(rule, days, times):
            if local < start:
                continue
            if local.date() > last or left == 0:
                return
            left = None if left is None else left - 1
            if local.date() >= first:
                yield local


def _completed(rule: RecurrenceRule, start: datetime) -> RecurrenceRule:
    """What the rule leaves open is as the start is (RFC 5545, 3.3.10)."""
    if rule.week_numbers or rule.year_days or rule.month_days or rule.weekdays:
        return rule
    if rule.frequency == Frequency.WEEKLY:
        return replace(rule, weekdays=(Weekday(start.weekday()),))
    if rule.frequency == Frequency.MONTHLY:
        return replace(rule, month_days=(start.day,))
    if rule.frequency == Frequency.YEARLY:
        return replace(rule, months=rule.months or (start.month,), month_days=(start.day,))
    return rule


def _times_of_day(rule: RecurrenceRule, start: datetime) -> list[time]:
    hours, minutes = rule.hours or (start.hour,), rule.minutes or (start.minute,)
    seconds = rule.seconds or (start.second,)
    return [time(*parts, start.microsecond) for parts in product(hours, minutes, seconds)]


def _chosen(rule: RecurrenceRule, days: list[date], times: list[time]) -> Iterator[datetime]:
    """The times of one period; by their places, those that BYSETPOS wants."""
    total = len(days) * len(times)
    places: range | list[int] = range(total)
    if rule.positions:
        wanted = {place - 1 if place > 0 else total + place for place in rule.positions}
        places = sorted(place for place in wanted if 0 <= place < total)
    for place in places:
        day, at = divmod(place, len(times))
        yield datetime.combine(days[day], times[at])


def _periods(
    rule: RecurrenceRule, start: date, first: int, last: int, effort: Effort | None
) -> Iterator[list[date]]:
    """The matching days of each period that has a day from `first` to `last` (ordinals) and is the rule's turn."""
    matches = _test(rule)
    for begin, end in _SPANS[rule.frequency](rule, start, first, last):
        if effort:
            effort.spend(end - begin)
        days = map(date.fromordinal, range(max(begin, 1), min(end, _LAST_DAY + 1)))
        yield [day for day in days if matches(day)]


def _daily(rule: RecurrenceRule, start: date, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Days; where each is the rule's turn and none is chosen by its place, four weeks at once, which is quicker."""
    origin = start.toordinal()
    days = _DAYS_AT_ONCE if rule.interval == 1 and not rule.positions else 1
    for day in range(origin + _turn(first - origin, rule.interval), last + 1, rule.interval * days):
        yield day, day + days


def _weekly(rule: RecurrenceRule, start: date, first: int, last: int) -> Iterator[tuple[int, int]]:
    origin = start.toordinal() - (start.weekday() - rule.week_start) % 7
    weeks = _turn((first - origin) // 7, rule.interval)
    for day in range(origin + 7 * weeks, last + 1, 7 * rule.interval):
        yield day, day + 7


def _monthly(rule: RecurrenceRule, start: date, first: int, last: int) -> Iterator[tuple[int, int]]:
    origin = _month(start)
    begin = origin + _turn(_month(date.fromordinal(first)) - origin, rule.interval)
    for month in range(begin, _month(date.fromordinal(last)) + 1, rule.interval):
        yield _first_of(month), _first_of(month + 1)


def _yearly(rule: RecurrenceRule, start: date, first: int, last: int) -> Iterator[tuple[int, int]]:
    begin = start.year + _turn(date.fromordinal(first).year - start.year, rule.interval)
    for year in range(begin, date.fromordinal(last).year + 1, rule.interval):
        yield _new_year(year), _new_year(year + 1)


_SPANS: dict[Frequency, Callable[[RecurrenceRule, date, int, int], Iterator[tuple[int, int]]]] = {
    Frequency.DAILY: _daily,
    Frequency.WEEKLY: _weekly,
    Frequency.MONTHLY: _monthly,
    Frequency.YEARLY: _yearly,
}


def _turn(distance: int, interval: int) -> int:
    """The first multiple of the interval at or after the distance."""
    return -(-max(distance, 0) // interval) * interval


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> int:
    year, index = divmod(month, 12)
    return _new_year(year) if year > date.max.year else date(year, index + 1, 1).toordinal()


def _new_year(year: int) -> int:
    """The ordinal of 1 January, also of the years before and after the calendar."""
    before = year - 1
    return 365 * before + before // 4 - before // 100 + before // 400 + 1


def _test(rule: RecurrenceRule) -> Callable[[date], bool]:
    """Whether a day is one of the rule's: every BY part that the rule has must agree."""
    tests: list[Callable[[date], bool]] = []
    if rule.months:
        tests.append(lambda day: day.month in rule.months)
    if rule.weekdays:
        tests.append(_weekday_test(rule))
    if rule.month_days:
        tests.append(lambda day: _listed(rule.month_days, day.toordinal(), *_month_span(day.year, day.month)))
    if rule.year_days:
        tests.append(lambda day: _listed(rule.year_days, day.toordinal(), *_year_span(day.year)))
    if rule.week_numbers:
        tests.append(lambda day: _in_week(rule, day))
    if not tests:
        return lambda _: True
    return reduce(lambda one, other: lambda day: one(day) and other(day), tests)


def _weekday_test(rule: RecurrenceRule) -> Callable[[date], bool]:
    plain = frozenset(day.day for day in rule.weekdays if not day.ordinal)
    numbered = frozenset((day.day, day.ordinal) for day in rule.weekdays if day.ordinal)
    if not numbered:
        return lambda day: day.weekday() in plain
    in_year = rule.frequency == Frequency.YEARLY and not rule.months

    def test(day: date) -> bool:
        begin, end = _year_span(day.year) if in_year else _month_span(day.year, day.month)
        weekday, at = day.weekday(), day.toordinal()
        from_front, from_back = (at - begin) // 7 + 1, -((end - 1 - at) // 7 + 1)
        return weekday in plain or (weekday, from_front) in numbered or (weekday, from_back) in numbered

    return test


def _listed(numbers: tuple[int, ...], at: int, begin: int, end: int) -> bool:
    return at - begin + 1 in numbers or at - end in numbers


def _year_span(year: int) -> tuple[int, int]:
    return _new_year(year), _new_year(year + 1)


@lru_cache(maxsize=512)
def _month_span(year: int, month: int) -> tuple[int, int]:
    index = year * 12 + month - 1
    return _first_of(index), _first_of(index + 1)


def _in_week(rule: RecurrenceRule, day: date) -> bool:
    """Whether the day is in a week that is listed, by its number in the year that has most of the week."""
    at, year = day.toordinal(), day.year
    if at < _first_week(year, rule.week_start):
        year -= 1
    elif at >= _first_week(year + 1, rule.week_start):
        year += 1
    begin, end = _first_week(year, rule.week_start), _first_week(year + 1, rule.week_start)
    return _listed(rule.week_numbers, (at - begin) // 7, 0, (end - begin) // 7)


@lru_cache(maxsize=512)
def _first_week(year: int, week_start: int) -> int:
    """The ordinal of the day on which week 1 begins: the first week with at least four days in the year."""
    new_year = _new_year(year)
    into_week = (new_year + 6 - week_start) % 7
    return new_year - into_week if into_week <= 3 else new_year + 7 - into_week
