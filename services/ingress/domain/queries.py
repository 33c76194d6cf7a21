"""Query parameters: text to value, and the ranges that reads look at."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

RANGE_MAX = timedelta(days=366)
RANGE_DEFAULT = timedelta(days=31)
LIMIT_DEFAULT = 50
LIMIT_MAX = 500
TEXT_MAX = 200
VERSION_MAX = 2**31 - 1
_SHORT = 60  # characters: longer than any id, number or time
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9000, 1, 1)
_PLUS_READ_AS_SPACE = re.compile(r"(?<=T)(.+) (?=\d\d:?\d\d$)")


class BadParameter(Exception):
    """A parameter that cannot be read. `code` is stable, for programs; the message names the allowed
    values, and so do the params.
    """

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.params = params


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Filters of a list. `starts_before` and `ends_after` are instants in UTC; None sets no bound."""

    ends_after: datetime | None
    starts_before: datetime | None
    statuses: tuple[str, ...]
    participant: UUID | None
    client: UUID | None
    text: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class CalendarQuery:
    """The calendars of these people (none: the caller's) in `[start, end)`, instants in UTC."""

    start: datetime
    end: datetime
    people: tuple[UUID, ...]


def text(value: str, longest: int = _SHORT) -> str:
    """Return the text. Raises BadParameter if it is too long or has control characters."""
    if len(value) > longest:
        raise BadParameter("string_too_long", f"At most {longest} characters", max=longest)
    if not value.isprintable():
        raise BadParameter("control_character", "Control characters are not allowed")
    return value


def instant(value: str) -> datetime:
    """Return an RFC 3339 instant in UTC; without an offset it is read as UTC, a date as its midnight."""
    text(value)
    try:
        # A plus sign that was not escaped arrives as a space.
        found = datetime.fromisoformat(_PLUS_READ_AS_SPACE.sub(r"\1+", value))
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BadParameter("datetime", "Expected an RFC 3339 time such as 2027-01-31T09:00:00Z") from None
    if not _EARLIEST <= found <= _LATEST:
        raise BadParameter("datetime", "Expected a year between 1970 and 9000")
    return found


def moment(value: str) -> datetime:
    """Return an instant as `instant` does; an absent one has a code of its own."""
    if not value:
        raise BadParameter("missing", "Expected an RFC 3339 time such as 2027-01-31T09:00:00Z")
    return instant(value)


def day(value: str) -> date:
    """Return a date, which must be written YYYY-MM-DD."""
    try:
        found = date.fromisoformat(text(value))
    except ValueError:
        found = None
    if found is None or found.isoformat() != value or not _FIRST_DAY <= found <= _LAST_DAY:
        raise BadParameter("date", "Expected a date such as 2027-01-31")
    return found


def uuid(value: str) -> UUID:
    """Return a UUID."""
    try:
        return UUID(text(value))
    except ValueError:
        raise BadParameter("uuid", "Expected a UUID") from None


def uuids(values: Iterable[str], at_most: int) -> tuple[UUID, ...]:
    """Return UUIDs, each once, at most so many."""
    given = dict.fromkeys(values)
    if len(given) > at_most:
        raise BadParameter("too_long", f"At most {at_most} ids", max=at_most)
    try:
        return tuple(dict.fromkeys(map(UUID, given)))
    except ValueError:
        raise BadParameter("uuid", "Expected UUIDs") from None


def number(value: str, least: int, most: int) -> int:
    """Return a whole number in these bounds, both included."""
    if not (len(value) <= _SHORT and value.isascii() and value.isdigit() and least <= int(value) <= most):
        raise BadParameter(
            "out_of_range", f"Expected a whole number from {least} to {most}", min=least, max=most
        )
    return int(value)


def one_of(value: str, known: Iterable[str]) -> str:
    """Return the value if it is one of these words."""
    if value not in known:
        raise BadParameter("enum", f"Expected one of {', '.join(known)}", expected=list(known))
    return value


def some_of(values: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the values, each once, if all of them are of these words."""
    if not set(known).issuperset(values):
        raise BadParameter("enum", f"Expected some of {', '.join(known)}", expected=list(known))
    return tuple(dict.fromkeys(values))


def check_range(start: datetime | None, end: datetime) -> None:
    """Raise BadParameter for the end of a range that is empty or too long."""
    if start is None:
        return
    if end <= start:
        raise BadParameter("range", "The end must be after the start")
    if end - start > RANGE_MAX:
        raise BadParameter("range", f"A range is at most {RANGE_MAX.days} days long")


def calendar_range(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the range of a calendar: by default 31 days from the midnight (UTC) before `now`."""
    if start is None:
        start = end - RANGE_DEFAULT if end else _midnight(now)
    return start, end or start + RANGE_DEFAULT


def analytics_range(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the range of a report: by default the 31 days (UTC) that end with the day of `now`."""
    if end is None:
        end = start + RANGE_DEFAULT if start else now
    if start is None:
        start = _midnight(end) - RANGE_DEFAULT + timedelta(days=1)
    return start, end


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
