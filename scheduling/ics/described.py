"""The clock of a zone that only the file describes (VTIMEZONE, RFC 5545, 3.6.5)."""

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice
from typing import NamedTuple

from scheduling.expansion import Effort, local_times
from scheduling.ics import values
from scheduling.ics.loose_rule import cleaned
from scheduling.ics.parsing import Component
from scheduling.rrule import Frequency, RecurrenceRule
from scheduling.rrule_text import parsed

_RULES_MAX = 40
_CHANGES_A_YEAR_MAX = 12
_COUNT_MAX = 200
_DAYS_OF_A_YEAR = 366
_ANY_TIME = datetime(2000, 1, 1)  # noqa: DTZ001


class Change(NamedTuple):
    """A change of the clocks: the local time from which on they show it (after the gap that it makes), and the offset.

    onset: the local time before it. before: the offset until then.
    """

    seen: datetime
    offset: timedelta
    onset: datetime
    before: timedelta


@dataclass(frozen=True, slots=True)
class YearlyChange:
    """A change that comes back: its first onset in the local time before it, the offsets, and the rule."""

    onset: datetime
    before: timedelta
    after: timedelta
    rule: RecurrenceRule

    def recurs_into(self, year: int) -> bool:
        """Return whether the rule still applies in the year."""
        return self.onset.year <= year and (self.rule.until is None or self.rule.until.year >= year)

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
    return Change(onset + max(after - before, timedelta()), after, onset, before)


class LocalZone(tzinfo):
    """A zone known by the offsets of its local times; of two times that look alike it is the earlier."""

    def offset_at(self, local: datetime) -> timedelta:
        """Return the offset at a local time (naive)."""
        raise NotImplementedError

    def utcoffset(self, at: datetime | None) -> timedelta:
        """Return the offset at a local time."""
        return self.offset_at((at or _ANY_TIME).replace(tzinfo=None, fold=0))

    def fromutc(self, at: datetime) -> datetime:
        """Return the local time of an instant."""
        instant = at.replace(tzinfo=None)
        local = instant + self.offset_at(instant)
        return (instant + self.offset_at(local)).replace(tzinfo=self)

    def dst(self, _: datetime | None) -> None:
        """Not known."""

    def tzname(self, _: datetime | None) -> None:
        """Not known."""


class DescribedZone(LocalZone):
    """The clock of a VTIMEZONE."""

    def __init__(
        self, first: timedelta, once: Iterable[Change], yearly: Sequence[YearlyChange], effort: Effort
    ) -> None:
        self._first = first
        self._once = sorted(once)
        self._yearly = yearly
        self._effort = effort
        self._years: dict[int, list[Change]] = {}
        self.begin = self._once[0].onset if self._once else _ANY_TIME
        """The local time from which on it says anything."""

    def offset_at(self, local: datetime) -> timedelta:
        """The offset at a local time: that of the last change, or the one before the first."""
        changes = self._known_in(local.year)
        place = bisect(changes, (local, timedelta.max))
        return changes[place - 1].offset if place else self._first

    def speaks_of(self, year: int) -> bool:
        """Return whether anything in the description recurs into the year or is dated in it."""
        dated = any(year in (change.onset.year, change.seen.year) for change in self._once)
        return dated or any(change.recurs_into(year) for change in self._yearly)

    def changes_in(self, year: int) -> list[Change]:
        """The changes of the year that move the clocks, in their order."""
        found = {change for change in self._known_in(year) if change.onset.year == year}
        return sorted(change for change in found if change.before != change.offset)

    def _known_in(self, year: int) -> list[Change]:
        """Return the changes that matter in a year: the dated ones, and the recurring ones as they last applied."""
        if year not in self._years:
            self._effort.spend(_DAYS_OF_A_YEAR)
            found = list(self._once)
            for change in self._yearly:
                last = min(year, change.rule.until.year) if change.rule.until else year
                found += change.in_year(last, self._effort) + change.in_year(last - 1, self._effort)
            self._years[year] = sorted(found)
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
    if zone.broken or any(part.broken for part in zone.components) or not firsts or len(yearly) > _RULES_MAX:
        raise ValueError("no clock")
    return DescribedZone(min(firsts)[1], once, yearly, effort)


def _yearly_rule(text: str) -> RecurrenceRule:
    rule = parsed(cleaned(text), count_max=_COUNT_MAX)
    if rule.frequency != Frequency.YEARLY:
        raise ValueError("clocks change yearly")
    return rule


def _local(moment: date | datetime) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    return moment.replace(tzinfo=None)
