"""Reasons why a time may not be booked or is not offered, as sentences for a person."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from scheduling import sentences
from scheduling.availability import Availability, Span, hours_on, merged, stretches
from scheduling.days import day_at, day_of
from scheduling.free import Person, Taken, full_days, window
from scheduling.limits import LONGEST, LONGEST_DAY, SHORTEST, latest_start
from scheduling.slots import grid

BUSY_CODES = {"appointment": "busy", "hold": "held", "elsewhere": "busy_elsewhere"}


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable code, and a sentence that names no appointment and no other person."""

    code: str
    detail: str


def reasons_against(
    person: Person, start: int, end: int, now: int, timezone: str = "UTC", *, longest: int = LONGEST
) -> list[Reason]:
    """All that closes `[start, end)` to this person; nothing if it may be booked.

    `timezone`: where the days of one without an availability begin, and whose clocks the sentences then show. What
    nobody may book (too long, too far, over for more than a day) is not looked at further. `longest`: LONGEST_DAY where
    the caller knows that it is no longer than a day in the appointment's own zone.
    """
    general = list(_general(start, end, now, longest))
    if not 0 < end - start <= longest or not now - LONGEST_DAY <= start <= latest_start(now):
        return general
    zone = person.zone(timezone)
    return [
        *general,
        *_lengths(person, end - start),
        *_distance(person, start, now, zone),
        *_hours(person.availability, start, end),
        *_others(person, start, end, zone),
        *_number(person, start, zone),
    ]


def explain(person: Person, start: int, end: int, now: int, timezone: str) -> list[Reason]:
    """Return all reasons why this time is not offered; an empty list if it is offered."""
    if against := reasons_against(person, start, end, now, timezone):
        return against
    step = person.policy.step
    hours = stretches(person.hours(timezone), start, end)
    if grid(hours, 60 * step, [(start, start)]):
        return []
    return [Reason("between_steps", sentences.between_steps(step))]


def _general(start: int, end: int, now: int, longest: int) -> Iterator[Reason]:
    if start <= now:
        yield Reason("in_the_past", "The start is not in the future.")
    if start > latest_start(now):
        yield Reason("too_far", "The start is at most 5 years ahead.")
    if end - start < SHORTEST:
        yield Reason("too_short", "An appointment lasts at least one second.")
    if end - start > longest:
        yield Reason("too_long", "An appointment lasts at most 24 hours.")


def _lengths(person: Person, duration: int) -> Iterator[Reason]:
    shortest, longest = person.policy.min_duration, person.policy.max_duration
    if shortest is not None and duration < 60 * shortest:
        yield Reason("too_short", f"An appointment lasts at least {sentences.minutes(shortest)} here.")
    if longest is not None and duration > 60 * longest:
        yield Reason("too_long", f"An appointment lasts at most {sentences.minutes(longest)} here.")


def _distance(person: Person, start: int, now: int, zone: str) -> Iterator[Reason]:
    policy = person.policy
    if policy.minimum_notice and start < now + 60 * policy.minimum_notice:
        notice = sentences.minutes(policy.minimum_notice)
        yield Reason("minimum_notice", f"The appointment must be booked at least {notice} before it starts.")
    if policy.horizon_days is not None and start > window(policy, now, zone)[1]:
        days = sentences.number(policy.horizon_days, "day")
        yield Reason("beyond_horizon", f"The appointment can be booked at most {days} ahead.")


def _hours(availability: Availability | None, start: int, end: int) -> Iterator[Reason]:
    """One reason for each date on which a part of it is outside the hours."""
    if availability is None:
        return
    hours_around = stretches(availability, start, end)
    if any(first <= start and end <= last for first, last in hours_around):
        return
    dates = {
        ordinal
        for first, last in _uncovered(hours_around, start, end)
        for ordinal in range(
            day_at(availability.timezone, first), day_at(availability.timezone, last - 1) + 1
        )
    }
    for ordinal in sorted(dates):
        day = date.fromordinal(ordinal)
        hours = hours_on(availability, day) or ()
        if day not in availability.overrides:
            code, detail = "outside_hours", sentences.weekly_hours(day, hours, availability.timezone)
        else:
            code = "outside_override" if hours else "day_closed"
            detail = sentences.hours_of_date(day, hours, availability.timezone)
        yield Reason(code, detail)


def _uncovered(hours: Iterable[Span], start: int, end: int) -> list[Span]:
    edges = [(start, start), *merged(hours), (end, end)]
    return [
        (max(one[1], start), min(other[0], end))
        for one, other in pairwise(edges)
        if max(one[1], start) < min(other[0], end)
    ]


def _others(person: Person, start: int, end: int, zone: str) -> Iterator[Reason]:
    """The first of each kind that is in the way, and the first that is too near."""
    gap = person.policy.gap
    first: dict[str, Taken] = {}
    for taken in person.taken:
        if taken.start - gap >= end:
            break
        if taken.end + gap > start:
            over = taken.start < end and start < taken.end
            first.setdefault(BUSY_CODES[taken.kind] if over else "buffer", taken)
    for code in (*BUSY_CODES.values(), "buffer"):
        if (taken_by := first.get(code)) is not None:
            yield Reason(code, sentences.in_the_way(code, taken_by.start, taken_by.end, zone, gap // 60))


def _number(person: Person, start: int, zone: str) -> Iterator[Reason]:
    most = person.policy.max_per_day
    if most is None:
        return
    day = day_of(zone, day_at(zone, start))
    that_day = (taken for taken in person.taken if day.start <= taken.start < day.end)
    if full_days(that_day, most, zone):
        yield Reason("max_per_day", sentences.full_day(day.start, most, zone))
