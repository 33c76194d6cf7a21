"""From the pattern of a create to the times of a series."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from scheduling.recurrence import InvalidPattern, Recurrence, TooMany, recurrence_of, starts
from services.booking.domain.model.commands import Create, Pattern
from services.booking.domain.model.decision import Refusal, invalid
from services.booking.domain.model.recurring_series import AHEAD, OCCURRENCES_MAX, overlap_themselves
from services.booking.domain.model.times import YEARS_AHEAD, Period
from services.booking.domain.series.limits import refusal_for_content, refusal_for_places

FIELD = "recurring_pattern"
FARTHEST = timedelta(
    days=366 * YEARS_AHEAD + 30
)  # beyond the limit, so that starts too far ahead are found and refused as such


class Plan(NamedTuple):
    """The recurrence of a series and its starts (UTC) to book now, up to `until` if it has no end."""

    recurrence: Recurrence
    originals: tuple[datetime, ...]
    until: datetime | None

    def within(self, horizon: datetime | None) -> "Plan":
        """Return the plan up to the horizon if it has no end: later nights book the rest. The first start
        stays in any case.
        """
        if horizon is None or self.until is None or self.until <= horizon:
            return self
        near = tuple(original for original in self.originals if original <= horizon) or self.originals[:1]
        return Plan(self.recurrence, near, near[-1])


def plan_of(command: Create, zone: str, first: Period, people: int, at: datetime) -> Plan | Refusal:
    """Return the plan of a create: `first` as it was sent, on the wall clock of `zone`, with so many
    `people`.

    Reject a pattern that is invalid, or has no occurrences, too many, or some that overlap each other.
    """
    if command.pattern is None:
        raise ValueError("the command has no pattern")
    try:
        recurrence = _recurrence(command.pattern, command.start, zone)
        until = max(at, first.start) + (AHEAD if recurrence.endless else FARTHEST)
        found = _starts(recurrence, until)
    except InvalidPattern as error:
        return invalid(f"{FIELD}.{error.field}" if error.field else FIELD, error.code, error.message)
    except TooMany:
        return invalid(FIELD, "too_many", f"A series has at most {OCCURRENCES_MAX} occurrences.")
    refusal = (
        _refusal_for_occurrences(found, *lasting(command, first), zone)
        or refusal_for_places(people, len(found), FIELD)
        or refusal_for_content(_content(command), len(found), FIELD)
    )
    return refusal or Plan(recurrence, found, until if recurrence.endless else None)


def lasting(command: Create, first: Period) -> tuple[timedelta, timedelta]:
    """Return the elapsed time from each start to its end, and the wall-clock time that is added to it.

    Wall-clock times that are a day apart stay so over clock changes, as whole days do; all else is elapsed time.
    """
    local = command.start.tzinfo is None and command.end.tzinfo is None
    if local and command.end == command.start + timedelta(days=1):
        return timedelta(), timedelta(days=1)
    return first.end - first.start, timedelta()


def _refusal_for_occurrences(
    found: tuple[datetime, ...], duration: timedelta, end_by: timedelta, zone: str
) -> Refusal | None:
    if not found:
        return invalid(FIELD, "no_occurrence", "The pattern has no occurrence.")
    if overlap_themselves(found, duration, end_by, zone):
        return invalid(
            FIELD, "overlaps", "Occurrences would overlap: each must end before the next one begins."
        )
    return None


def _content(command: Create) -> Any:
    """Return all fields that may be long, as they were sent."""
    return [
        command.title,
        command.description,
        command.location,
        command.meeting_url,
        command.custom_fields,
        command.pattern and command.pattern.sent,
    ]


def _recurrence(pattern: Pattern, start: datetime, zone: str) -> Recurrence:
    return recurrence_of(
        local_start=start,
        timezone=zone,
        rrule=pattern.rrule,
        frequency=pattern.frequency,
        interval=pattern.interval,
        days_of_week=pattern.days_of_week,
        count=pattern.count,
        until=pattern.until,
        exdates=pattern.exdates,
        rdates=pattern.rdates,
    )


@lru_cache(maxsize=16)  # computed twice: to load, and to decide
def _starts(recurrence: Recurrence, until: datetime) -> tuple[datetime, ...]:
    return tuple(starts(recurrence, until=until, at_most=OCCURRENCES_MAX))
