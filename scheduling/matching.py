"""Match a day against a recurrence rule, in integers: days are proleptic Gregorian ordinals."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache, reduce

from scheduling.rrule import Frequency, RecurrenceRule


def matching(rule: RecurrenceRule) -> Callable[[date], bool]:
    """Return whether the rule names the day: every BY part of the rule must agree.

    Of weeks only the days are asked for that the rule names.
    """
    tests: list[Callable[[date], bool]] = []
    if rule.months:
        tests.append(lambda day: day.month in rule.months)
    if rule.weekdays and rule.frequency != Frequency.WEEKLY:
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
    return new_year(year), new_year(year + 1)


@lru_cache(maxsize=512)
def _month_span(year: int, month: int) -> tuple[int, int]:
    index = year * 12 + month - 1
    return first_of(index), first_of(index + 1)


def _in_week(rule: RecurrenceRule, day: date) -> bool:
    """Return whether the day's week number (of the year that has most of the week) is listed."""
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
    begin = new_year(year)
    into_week = (begin + 6 - week_start) % 7
    return begin - into_week if into_week <= 3 else begin + 7 - into_week


def first_of(month: int) -> int:
    """The ordinal of the first day of a month, counted from the year 0 (twelve a year)."""
    year, index = divmod(month, 12)
    return new_year(year) if year > date.max.year else date(year, index + 1, 1).toordinal()


def new_year(year: int) -> int:
    """The ordinal of 1 January, also of the years before and after the calendar."""
    before = year - 1
    return 365 * before + before // 4 - before // 100 + before // 400 + 1
