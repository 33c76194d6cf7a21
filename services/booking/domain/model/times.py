"""When an appointment may be: the rules of its times."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduling.wallclock import NonexistentTime, resolve
from services.booking.domain.model.decision import Code, FieldError, Refusal, invalid

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(hours=24)
YEARS_AHEAD = 5
# Between these every clock can be reckoned with; what lies beyond is over, or too far ahead.
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class Period(NamedTuple):
    """From start to end, UTC."""

    start: datetime
    end: datetime


def period(start: datetime, end: datetime, zone: str, fold: int) -> Period | Refusal:
    """Times as they were sent, in UTC; a refusal names each one that cannot be understood."""
    begins, ends = _instant("start_time", start, zone, fold), _instant("end_time", end, zone, fold)
    if isinstance(begins, datetime) and isinstance(ends, datetime):
        return Period(begins, ends)
    errors = tuple(error for error in (begins, ends) if isinstance(error, FieldError))
    return Refusal(Code.INVALID, errors[0].message, errors)


def _instant(field: str, value: datetime, zone: str, fold: int) -> datetime | FieldError:
    try:
        return value.astimezone(UTC) if value.tzinfo else resolve(value, ZoneInfo(zone), fold)
    except NonexistentTime:
        return FieldError(
            field, "nonexistent_time", f"The clocks in {zone} are put forward over this local time."
        )
    except (OverflowError, ValueError):
        return FieldError(field, "out_of_range", "This date is out of range.")


def refusal_for_length(when: Period) -> Refusal | None:
    """From one second to a day."""
    start, end = when
    if end <= start:
        return invalid("end_time", "end_before_start", "The end must be after the start.")
    if end - start < SHORTEST:
        return invalid("end_time", "too_short", "An appointment lasts at least one second.")
    if end - start > LONGEST:
        return invalid("end_time", "too_long", "An appointment lasts at most 24 hours.")
    return None


def refusal_for_distance(start: datetime, at: datetime) -> Refusal | None:
    """At most five years ahead of the decision."""
    if start > _years_later(at, YEARS_AHEAD):
        return invalid("start_time", "too_far", f"The start is at most {YEARS_AHEAD} years ahead.")
    return None


def refusal_for_past(start: datetime, at: datetime) -> Refusal | None:
    """It starts in the future."""
    if start <= at:
        return Refusal(
            Code.IN_THE_PAST,
            "The start is not in the future.",
            (FieldError("start_time", "in_the_past", "The start is not in the future."),),
        )
    return None


def refusal_for_ended(end: datetime, at: datetime) -> Refusal | None:
    """One that is under way may be prolonged or cut short, but not so that it is over already."""
    if end <= at:
        return Refusal(
            Code.IN_THE_PAST,
            "The end is not in the future.",
            (FieldError("end_time", "in_the_past", "The end is not in the future."),),
        )
    return None


def _years_later(at: datetime, years: int) -> datetime:
    try:
        return at.replace(year=at.year + years)
    except ValueError:  # 29 February
        return at.replace(year=at.year + years, month=3, day=1)
