"""The rules of an appointment's times."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduling.limits import LONGEST_DAY as LONGEST_DAY_SECONDS
from scheduling.limits import longest_from
from scheduling.wallclock import NonexistentTime, resolve
from services.booking.domain.model.decision import Code, FieldError, Refusal, invalid

SHORTEST = timedelta(seconds=1)
A_DAY = timedelta(hours=24)
LONGEST_DAY = timedelta(seconds=LONGEST_DAY_SECONDS)
YEARS_AHEAD = 5
# Every zone's clock works between these; times beyond them are past, or too far ahead.
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class Period(NamedTuple):
    """From start to end, UTC."""

    start: datetime
    end: datetime


def period(start: datetime, end: datetime, zone: str, fold: int) -> Period | Refusal:
    """Return the times sent, in UTC; the refusal names each one that cannot be understood."""
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
            field,
            "nonexistent_time",
            f"This local time does not exist in {zone}: the clocks go forward over it.",
        )
    except (OverflowError, ValueError):
        return FieldError(field, "out_of_range", "This date is out of range.")


def refusal_for_length(when: Period, zone: str) -> Refusal | None:
    """Reject less than a second and more than a day, which some clock changes in the zone make longer than 24 hours."""
    start, end = when
    if end <= start:
        return invalid("end_time", "end_before_start", "The end must be after the start.")
    if end - start < SHORTEST:
        return invalid("end_time", "too_short", "An appointment lasts at least one second.")
    if end - start > A_DAY and end - start > (longest := longest_from(start, zone)):
        until = "24 hours" if longest == A_DAY else "until the same local time on the next day"
        return invalid("end_time", "too_long", f"An appointment lasts at most {until}.")
    return None


def refusal_for_distance(start: datetime, at: datetime) -> Refusal | None:
    """Reject a start more than five years ahead of the decision."""
    if start > _years_later(at, YEARS_AHEAD):
        return invalid("start_time", "too_far", f"The start is at most {YEARS_AHEAD} years ahead.")
    return None


def refusal_for_past(start: datetime, at: datetime) -> Refusal | None:
    """Reject a start that is not in the future."""
    if start <= at:
        return Refusal(
            Code.IN_THE_PAST,
            "The start is not in the future.",
            (FieldError("start_time", "in_the_past", "The start is not in the future."),),
        )
    return None


def refusal_for_ended(end: datetime, at: datetime) -> Refusal | None:
    """Reject an end that is not in the future: an appointment under way may not be cut so short that it is
    over.
    """
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
