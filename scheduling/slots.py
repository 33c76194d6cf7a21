"""Free slots: starts on the grid of steps at which all of the people asked for, or one of them, may be booked."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from scheduling.availability import Span
from scheduling.free import REACH, Person, Taken, common, free_starts, open_time
from scheduling.limits import LONGEST, latest_start

__all__ = ["REACH", "Person", "Slot", "Taken", "grid", "nearest", "offers"]


class Slot(NamedTuple):
    """From start to end, for these people."""

    start: int
    end: int
    people: tuple[UUID, ...]


def offers(
    people: Sequence[Person], *, duration: int, first: int, last: int, now: int, timezone: str, together: bool
) -> list[Slot]:
    """All slots of `duration` seconds that start in `[first, last)`, sorted, each start once.

    `together`: everybody is free, on the grid of whoever has the coarsest step (the first of equals). Otherwise each
    on their own grid, and a slot is for the first, in the order given, to whom it can be offered. `timezone` is where
    the days of those begin who have no availability.
    """
    first, last = max(first, now + 1), min(last, latest_start(now) + 1)
    if first >= last or not 0 < duration <= LONGEST:
        return []
    if together:
        everybody = tuple(person.id for person in people)
        starts = _together(people, duration, first, last, now, timezone)
        return [Slot(start, start + duration, everybody) for start in starts]
    whose: dict[int, tuple[UUID, ...]] = {}
    for person in people:
        alone = (person.id,)
        for start in _together([person], duration, first, last, now, timezone):
            whose.setdefault(start, alone)
    return [Slot(start, start + duration, whose[start]) for start in sorted(whose)]


def nearest(
    people: Sequence[Person],
    start: int,
    end: int,
    *,
    now: int,
    timezone: str,
    count: int,
    first: int,
    last: int,
) -> list[Span]:
    """The `count` offered times within `[first, last)`, as long as `[start, end)`, nearest to it that suit all.

    Nearest first; of two as near the earlier one.
    """
    duration = end - start
    first, last = max(first, now + 1), min(last, latest_start(now) + 1)
    if first >= last or not 0 < duration <= LONGEST:
        return []
    starts = _together(people, duration, first, last, now, timezone)
    at = bisect_left(starts, start)
    around = starts[max(0, at - count) : at + count]
    around.sort(key=lambda other: (abs(other - start), other))
    return [(other, other + duration) for other in around[:count]]


def grid(stretches: Sequence[Span], step: int, starts: Iterable[Span]) -> list[int]:
    """Each stretch's start and every `step` seconds after it, as far as they are among `starts`; sorted, each once."""
    ranges = list(starts)
    ends = [span[1] for span in ranges]
    found: list[int] = []
    for begins, finishes in stretches:
        at = bisect_left(ends, begins)
        while at < len(ranges) and ranges[at][0] < finishes:
            low, high = ranges[at]
            aligned = begins - (begins - max(low, begins)) // step * step
            found += range(aligned, min(high + 1, finishes), step)
            at += 1
    overlap = any(one[1] > other[0] for one, other in pairwise(stretches))
    return sorted(set(found)) if overlap else found


def _together(
    people: Sequence[Person], duration: int, first: int, last: int, now: int, timezone: str
) -> list[int]:
    """The starts that can be offered to all, on the grid of the coarsest step."""
    if not people:
        return []
    leading = max(people, key=lambda person: person.policy.step)
    lattice: list[Span] = []
    starts: list[Span] = [(first, last - 1)]
    for person in people:
        hours = open_time(person, first, last, duration, timezone)
        if person is leading:
            lattice = hours
        free = free_starts(person, hours, duration, first=first, last=last, now=now, timezone=timezone)
        starts = common(starts, free)
        if not starts:
            return []
    return grid(lattice, 60 * leading.policy.step, starts)
