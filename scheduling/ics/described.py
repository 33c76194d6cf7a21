"""The clock of a zone that only the file describes (VTIMEZONE, RFC 5545, 3.6.5)."""

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice
from typing import NamedTuple

from scheduling.expansion import Effort, local_times
from scheduling.ics import values
from scheduling.ics.parsing import Component
from scheduling.rrule import Frequency, RecurrenceRule
from scheduling.rrule_text import parsed

_RULES_MAX = 40
_CHANGES_A_YEAR_MAX = 12
_COUNT_MAX = 200
_DAYS_OF_A_YEAR = 366


class Change(NamedTuple):
    """A change of the clocks: the local time from which on they show it (after the gap that it makes), and the offset."""

    seen: datetime
    offset: timedelta


@dataclass(frozen=True, slots=True)
class YearlyChange:
    """A change that comes back: its first onset in the local time before it, the offsets, and the rule."""

    onset: datetime
    before: timedelta
    after: timedelta
    rule: RecurrenceRule

    def in_year(self, year: int, effort: Effort) -> list[Change]:
        """The changes of a year."""
        if not self.onset.year <= year <= date.max.year:
            return []
        found = local_times(self.rule, self.onset, date(year, 1, 1), date(year, 12, 31), effort)
        onsets = [one for one in islice(found, _CHANGES_A_YEAR_MAX) if self._is_in_force(one)]
        return [_change(one, self.before, self.after) for one in onsets]

    def _is_in_force(self, onset: datetime) -> bool:
        until = self.rule.until
        if not isinstance(until, datetime):
            return until is None or onset.date() <= until
        return onset - self.before <= until.replace(tzinfo=None) if until.tzinfo else onset <= until


def _change(onset: datetime, before: timedelta, after: timedelta) -> Change:
    return Change(onset + max(after - before, timedelta()), after)


class DescribedZone(tzinfo):
    """The clock of a VTIMEZONE, from local time to UTC; of two times that look alike it is the earlier."""

    def __init__(
        self, first: timedelta, once: Iterable[Change], yearly: Sequence[YearlyChange], effort: Effort
    ) -> None:
        self._first = first
        self._once = sorted(once)
        self._yearly = yearly
        self._effort = effort
        self._years: dict[int, list[Change]] = {}

    def utcoffset(self, at: datetime | None) -> timedelta:
        """The offset at a local time: that of the last change, or the one before the first."""
        if at is None:
            return self._first
        now = Change(at.replace(tzinfo=None, fold=0), timedelta.max)
        last_once = self._once[place - 1 : place] if (place := bisect(self._once, now)) else []
        seen = [*last_once, *(one for one in self._around(now.seen.year) if one <= now)]
        return max(seen).offset if seen else self._first

    def dst(self, _: datetime | None) -> None:
        """Not known."""

    def tzname(self, _: datetime | None) -> None:
        """Not known."""

    def _around(self, year: int) -> list[Change]:
        """Return the recurring changes as they last applied up to the year."""
        if year not in self._years:
            self._effort.spend(_DAYS_OF_A_YEAR)
            found = []
            for change in self._yearly:
                last = min(year, change.rule.until.year) if change.rule.until else year
                found += change.in_year(last, self._effort) + change.in_year(last - 1, self._effort)
            self._years[year] = found
        return self._years[year]


def described(zone: Component, effort: Effort) -> DescribedZone:
    """The clock that a VTIMEZONE describes; raises ValueError for one that describes none."""
    once: list[Change] = []
    yearly = []
    firsts = []
    for part in zone.components:
        onset = _local(values.moment(part.value("DTSTART")))
        before, after = values.offset(part.value("TZOFFSETFROM")), values.offset(part.value("TZOFFSETTO"))
        firsts.append((onset, before))
        dates = [
            one for more in part.properties.get("RDATE", ()) for one in values.moments(more.value, effort)
        ]
        once += [_change(one, before, after) for one in (onset, *map(_local, dates))]
        if text := part.value("RRULE"):
            yearly.append(YearlyChange(onset, before, after, _yearly_rule(text)))
    if zone.broken or not firsts or len(yearly) > _RULES_MAX:
        raise ValueError("no clock")
    return DescribedZone(min(firsts)[1], once, yearly, effort)


def _yearly_rule(text: str) -> RecurrenceRule:
    rule = parsed(text, count_max=_COUNT_MAX)
    if rule.frequency != Frequency.YEARLY:
        raise ValueError("clocks change yearly")
    return rule


def _local(moment: date | datetime) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    return moment.replace(tzinfo=None)
