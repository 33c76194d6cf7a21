"""Reach: the distance around a time that must be known, to tell whether the time can be booked."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from scheduling.availability import Availability
from services.booking.domain.model.book import Sought
from services.booking.domain.model.diary import Hours
from services.booking.domain.model.times import FIRST, LAST, Period

WHOLE_DAY = timedelta(hours=27)  # the longest local day, whichever clock is changed in it


def reach_of(rules: Availability) -> timedelta:
    """Return the distance that a policy looks: buffers to the neighbours, a number a day to the whole local
    day.
    """
    gap = timedelta(seconds=rules.policy.gap)
    return gap if rules.policy.max_per_day is None else max(gap, WHOLE_DAY)


def widened(
    ranges: Iterable[tuple[UUID, Period]], hours: Mapping[UUID, Hours], new: Mapping[UUID, timedelta]
) -> set[tuple[UUID, Period]]:
    """Return each range, widened by the reach of its person's policy; `new` is the reach of policies to be
    set.
    """
    reach = {user: reach_of(item.rules) for user, item in hours.items()}
    for user, by in new.items():
        reach[user] = max(by, reach.get(user, by))
    none = timedelta()
    return {(user, wider(when, by) if (by := reach.get(user, none)) else when) for user, when in ranges}


def wider(when: Period, by: timedelta) -> Period:
    """Return the period, longer by `by` on both sides; unchanged at the ends of the calendar, where the
    request is refused.
    """
    start = when.start - by if when.start > FIRST else when.start
    return Period(start, when.end + by if when.end < LAST else when.end)


def surroundings(sought: Iterable[Sought]) -> set[tuple[UUID, Period]]:
    """Return the time that several commands seek, each time of a person once."""
    return united((user, around) for users, around in sought for user in users)


def united(ranges: Iterable[tuple[UUID, Period]]) -> set[tuple[UUID, Period]]:
    """Return the same time, each person's in ranges that neither overlap nor touch."""
    by_user: dict[UUID, list[Period]] = {}
    for user, when in ranges:
        by_user.setdefault(user, []).append(when)
    return {(user, when) for user, own in by_user.items() for when in _joined(own)}


def _joined(ranges: Iterable[Period]) -> list[Period]:
    found: list[Period] = []
    for when in sorted(ranges):
        if found and when.start <= found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, when.end))
        else:
            found.append(when)
    return found
