"""Slow and obviously right: looks at a wall clock in every minute of ten days, and asks each candidate by itself."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.availability import Availability, Policy, Span
from scheduling.slots import Person

MINUTE = 60
DAY = timedelta(days=1)
KINDS = {"appointment": "busy", "hold": "held", "elsewhere": "busy_elsewhere"}


def local(zone: str, instant: int) -> datetime:
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@dataclass(frozen=True)
class Clock:
    """The wall clock of a zone from five days before noon (UTC) of `center` until five days after."""

    zone: str
    center: date
    shown: dict[int, datetime]
    instants: dict[datetime, list[int]]

    def dates(self) -> list[date]:
        return [self.center + DAY * number for number in range(-3, 5)]

    def range_of(self, day: date, start: int, end: int) -> list[int]:
        """Each minute of the date that is within its range of wall-clock minutes."""
        midnight = datetime.combine(day, datetime.min.time())
        first = min(self._at(midnight + timedelta(minutes=start)))
        if end == 1_440:
            return [instant for instant in _by_date(self.zone, self.center)[day] if instant >= first]
        last = max(self._at(midnight + timedelta(minutes=end)))
        return [instant for instant in _by_date(self.zone, self.center)[day] if first <= instant < last]

    def _at(self, wall: datetime) -> list[int]:
        """When clocks show `wall`; if they jump over it, when they show it moved by as much as they jump."""
        if wall in self.instants:
            return self.instants[wall]
        before = max(shown for shown in self.instants if shown < wall)
        after = min(shown for shown in self.instants if shown > wall)
        return self.instants[wall + (after - before - timedelta(minutes=1))]


@lru_cache(maxsize=256)
def clock(zone: str, center: date) -> Clock:
    noon = int(datetime.combine(center, datetime.min.time(), UTC).timestamp()) + 12 * 3_600
    shown = {instant: local(zone, instant) for instant in range(noon - 5 * 86_400, noon + 5 * 86_400, MINUTE)}
    instants: dict[datetime, list[int]] = {}
    for instant, wall in shown.items():
        instants.setdefault(wall, []).append(instant)
    return Clock(zone, center, shown, instants)


@lru_cache(maxsize=256)
def _by_date(zone: str, center: date) -> dict[date, list[int]]:
    found: dict[date, list[int]] = {day: [] for day in clock(zone, center).dates()}
    for instant, wall in clock(zone, center).shown.items():
        if wall.date() in found:
            found[wall.date()].append(instant)
    return found


def ranges_of(availability: Availability | None, day: date) -> tuple[Span, ...]:
    """The hours of a date; all of it for who is available whenever free."""
    if availability and day in availability.overrides:
        return availability.overrides[day]
    if not availability or not availability.rules:
        return ((0, 1_440),)
    return tuple(
        (rule.start, rule.end)
        for rule in availability.rules
        if rule.day_of_week == day.weekday()
        and (rule.effective_from or date.min) <= day <= (rule.effective_until or date.max)
    )


class Oracle:
    """One person around one date."""

    def __init__(self, person: Person, otherwise: str, center: date, now: int) -> None:
        self.person, self.now = person, now
        self.availability = person.availability
        self.zone = person.availability.timezone if person.availability else otherwise
        self.policy = person.availability.policy if person.availability else Policy()
        self.clock = clock(self.zone, center)
        self.stretches = [
            minutes
            for day in self.clock.dates()
            for hours in ranges_of(self.availability, day)
            if (minutes := self.clock.range_of(day, *hours))
        ]
        self.open = {minute for stretch in self.stretches for minute in stretch}
        self.closed = [minute for minute in self.clock.shown if minute not in self.open]

    def grid(self, first: int, last: int) -> list[int]:
        """Every start of a step within `[first, last)`."""
        step = MINUTE * self.policy.step
        found = {
            start
            for stretch in self.stretches
            for start in range(stretch[0], stretch[-1] + MINUTE, step)
            if first <= start < last
        }
        return sorted(found)

    def codes(self, start: int, end: int) -> set[str]:
        """The codes of all that closes a time."""
        return {*self._of_distance(start, end), *self._of_hours(start, end), *self._of_others(start, end)}

    def _of_distance(self, start: int, end: int) -> Iterator[str]:
        policy, duration = self.policy, end - start
        if start <= self.now:
            yield "in_the_past"
        if duration < MINUTE * (policy.min_duration or 0):
            yield "too_short"
        if duration > MINUTE * (policy.max_duration or 1_440):
            yield "too_long"
        if policy.minimum_notice and start < self.now + MINUTE * policy.minimum_notice:
            yield "minimum_notice"
        if policy.horizon_days is not None:
            last = local(self.zone, self.now).date() + DAY * policy.horizon_days
            if local(self.zone, start).date() > last:
                yield "beyond_horizon"

    def _of_hours(self, start: int, end: int) -> Iterator[str]:
        at = bisect_left(self.closed, start // MINUTE * MINUTE)
        while at < len(self.closed) and self.closed[at] < end:
            day = self.clock.shown[self.closed[at]].date()
            override = self.availability.overrides.get(day) if self.availability else None
            if override is None:
                yield "outside_hours"
            else:
                yield "outside_override" if override else "day_closed"
            at += 1

    def _of_others(self, start: int, end: int) -> Iterator[str]:
        gap = MINUTE * (self.policy.buffer_before + self.policy.buffer_after)
        day = local(self.zone, start).date()
        that_day = 0
        for taken in self.person.taken:
            if start < taken.end and taken.start < end:
                yield KINDS[taken.kind]
            elif start < taken.end + gap and taken.start - gap < end:
                yield "buffer"
            that_day += taken.kind != "elsewhere" and local(self.zone, taken.start).date() == day
        if self.policy.max_per_day is not None and that_day >= self.policy.max_per_day:
            yield "max_per_day"
