"""At which seconds an appointment of some length may start for one person, and for several.

Ranges of starts include both of their ends, are sorted, and do not overlap.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from scheduling.availability import Availability, Policy, Span, merged, stretches
from scheduling.days import day_at, day_of
from scheduling.limits import LONGEST, LONGEST_DAY, SHORTEST, latest_start

UNLIMITED = Policy()
COUNTED = frozenset({"appointment", "hold"})


class Taken(NamedTuple):
    """Time of a person that is not free; `kind` is "appointment", "hold" or "elsewhere"."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person's availability and taken time. `taken` is sorted by start, and may overlap.

    It must have all that touches the time asked about, and REACH seconds before and after: buffers and the number a
    day look that far.
    """

    id: UUID
    availability: Availability | None
    taken: Sequence[Taken]

    @property
    def policy(self) -> Policy:
        """The person's policy; no limits without an availability."""
        return self.availability.policy if self.availability else UNLIMITED

    def zone(self, otherwise: str) -> str:
        """The zone in which this person's days begin."""
        return self.availability.timezone if self.availability else otherwise

    def hours(self, otherwise: str) -> Availability:
        """The person's availability, or whole days of the zone `otherwise`."""
        return self.availability or Availability(otherwise)


REACH = 2 * 86_400 + LONGEST_DAY
"""Both buffers, of at most a day each, and the longest appointment; a local day is no longer."""


def free_starts(
    person: Person,
    open_time: Iterable[Span],
    duration: int,
    *,
    first: int,
    last: int,
    now: int,
    timezone: str,
) -> list[Span]:
    """Return the spans in which this person may start something of `duration` seconds in `[first, last)`.

    `open_time`: the hours, sorted, as far as `last` and the duration after it.
    """
    policy = person.policy
    if not _lasts_well(duration, policy):
        return []
    zone = person.zone(timezone)
    earliest, latest = window(policy, now, zone)
    earliest, latest = max(earliest, first), min(latest, last - 1)
    starts = ((max(start, earliest), min(end - duration, latest)) for start, end in merged(open_time))
    blocked = _too_near(person.taken, duration, policy.gap)
    if policy.max_per_day is not None:
        blocked = sorted(blocked + full_days(person.taken, policy.max_per_day, zone))
    return _without([span for span in starts if span[0] <= span[1]], blocked)


def window(policy: Policy, now: int, zone: str) -> Span:
    """The first and the last second at which something may start, seen from now."""
    latest = latest_start(now)
    if policy.horizon_days is not None:
        latest = min(latest, day_of(zone, day_at(zone, now) + policy.horizon_days).end - 1)
    return max(now + 1, now + 60 * policy.minimum_notice), latest


def full_days(taken: Iterable[Taken], most: int, zone: str) -> list[Span]:
    """The days on which as many as may be start already: appointments and holds."""
    numbers = Counter(day_at(zone, one.start) for one in taken if one.kind in COUNTED)
    return [
        (day.start, day.end - 1)
        for ordinal, number in numbers.items()
        if number >= most
        for day in [day_of(zone, ordinal)]
    ]


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return the intersection of both."""
    found: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first <= last:
            found.append((first, last))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def open_time(person: Person, first: int, last: int, duration: int, timezone: str) -> list[Span]:
    """The ranges of hours that something of this length can lie in if it starts in `[first, last)`."""
    return stretches(person.hours(timezone), first, last + duration)


def _lasts_well(duration: int, policy: Policy) -> bool:
    shortest = max(SHORTEST, 60 * (policy.min_duration or 0))
    return shortest <= duration <= min(LONGEST, 60 * (policy.max_duration or LONGEST))


def _too_near(taken: Iterable[Taken], duration: int, gap: int) -> list[Span]:
    """The starts with which it would overlap something, or leave less than `gap` seconds between."""
    before, after = duration + gap - 1, gap - 1
    return [(start - before, end + after) for start, end, _ in taken]


def _without(starts: Iterable[Span], blocked: Sequence[Span]) -> list[Span]:
    """Return `starts` without `blocked`, which is sorted by start and may overlap."""
    found: list[Span] = []
    at = 0
    for first, last in starts:
        while at < len(blocked) and blocked[at][0] <= last:
            begins, ends = blocked[at]
            if begins > first:
                found.append((first, begins - 1))
            first = max(first, ends + 1)
            if ends >= last:
                break
            at += 1
        if first <= last:
            found.append((first, last))
    return found
