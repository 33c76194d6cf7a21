"""Expansion of a recurrence rule into local times, in order, with bounded work for any rule.

The days of each period are looked through once, so a rule that matches nothing costs what a daily one does: a few
milliseconds for five years. (dateutil looks on until the year 9999, some seconds, for the 30th of February.)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import product

from scheduling.matching import first_of, matching, new_year
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
    """Return the rule with its open parts taken from the start (RFC 5545, 3.3.10)."""
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
    matches = matching(rule)
    for period in _PERIODS[rule.frequency](rule, start, first, last):
        if effort:
            effort.spend(len(period))
        if period[0] < 1 or period[-1] > _LAST_DAY:
            period = [day for day in period if 1 <= day <= _LAST_DAY]
        yield [day for day in map(date.fromordinal, period) if matches(day)]


def _daily(rule: RecurrenceRule, start: date, first: int, last: int) -> Iterator[Sequence[int]]:
    """Days; where each is the rule's turn and none is chosen by its place, four weeks at once, which is quicker."""
    origin = start.toordinal()
    days = _DAYS_AT_ONCE if rule.interval == 1 and not rule.positions else 1
    for day in range(origin + _turn(first - origin, rule.interval), last + 1, rule.interval * days):
        yield range(day, day + days)


def _weekly(rule: RecurrenceRule, start: date, first: int, last: int) -> Iterator[Sequence[int]]:
    """Return the weeks, each with the weekdays that the rule names."""
    origin = start.toordinal() - (start.weekday() - rule.week_start) % 7
    named = sorted((day.day - rule.week_start) % 7 for day in rule.weekdays)
    weeks = _turn((first - origin) // 7, rule.interval)
    for day in range(origin + 7 * weeks, last + 1, 7 * rule.interval):
        yield [day + into_week for into_week in named]


def _monthly(rule: RecurrenceRule, start: date, first: int, last: int) -> Iterator[Sequence[int]]:
    origin = _month(start)
    begin = origin + _turn(_month(date.fromordinal(first)) - origin, rule.interval)
    for month in range(begin, _month(date.fromordinal(last)) + 1, rule.interval):
        yield range(first_of(month), first_of(month + 1))


def _yearly(rule: RecurrenceRule, start: date, first: int, last: int) -> Iterator[Sequence[int]]:
    begin = start.year + _turn(date.fromordinal(first).year - start.year, rule.interval)
    for year in range(begin, date.fromordinal(last).year + 1, rule.interval):
        yield range(new_year(year), new_year(year + 1))


_PERIODS: dict[Frequency, Callable[[RecurrenceRule, date, int, int], Iterator[Sequence[int]]]] = {
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
