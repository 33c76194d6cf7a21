"""Query parameters of reads, checked field by field."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from notifications.explain import KINDS

RANGE_MAX = timedelta(days=366)
CALENDAR_DEFAULT = timedelta(days=31)
LIMIT_DEFAULT = 50
LIMIT_MAX = 500
TEXT_MAX = 200
STATUSES = frozenset({"pending", "confirmed", "completed", "no_show", "cancelled"})
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_PLUS_READ_AS_SPACE = re.compile(r"(?<=T)(.+) (?=\d\d:?\d\d$)")

Params = Mapping[str, Sequence[str]]
"""Each query parameter with all its values."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one parameter."""

    field: str
    code: str
    message: str


class InvalidQuery(Exception):
    """Some query parameters cannot be understood."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list asks for. `starts_before` and `ends_after` are instants in UTC; None means open."""

    ends_after: datetime | None
    starts_before: datetime | None
    statuses: tuple[str, ...]
    participant: UUID | None
    client: UUID | None
    text: str | None
    limit: int
    cursor: str | None


class Reader:
    """Reads parameters one by one and collects what is wrong with them."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self.errors: list[FieldError] = []

    def text(self, name: str, longest: int) -> str | None:
        """A parameter as text; absent or blank is None."""
        values = self._params.get(name) or ()
        value = values[-1].strip() if values else ""
        if len(value) > longest:
            self._wrong(name, "string_too_long", f"At most {longest} characters")
            return None
        if value and not value.isprintable():
            self._wrong(name, "control_character", "Control characters are not allowed")
            return None
        return value or None

    def instant(self, name: str) -> datetime | None:
        """An RFC 3339 instant in UTC; without an offset it is read as UTC, a date as its midnight."""
        value = self.text(name, 40)
        if value is None:
            return None
        try:
            # A plus sign that nobody escaped arrives as a space.
            found = datetime.fromisoformat(_PLUS_READ_AS_SPACE.sub(r"\1+", value))
            found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self._wrong(name, "datetime", "Expected an RFC 3339 time such as 2027-01-31T09:00:00Z")
            return None
        if not _EARLIEST <= found <= _LATEST:
            self._wrong(name, "datetime", "Expected a year between 1970 and 9000")
            return None
        return found

    def uuid(self, name: str) -> UUID | None:
        """A UUID."""
        value = self.text(name, 60)
        try:
            return UUID(value) if value is not None else None
        except ValueError:
            self._wrong(name, "uuid", "Expected a UUID")
            return None

    def number(self, name: str, least: int, most: int) -> int | None:
        """A whole number in these bounds."""
        value = self.text(name, 20)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            self._wrong(name, "out_of_range", f"Expected a whole number from {least} to {most}")
            return None
        return int(value)

    def statuses(self, name: str) -> tuple[str, ...]:
        """One or several statuses: repeated, or separated by commas."""
        given = [part.strip() for value in self._params.get(name) or () for part in value.split(",")]
        if any(status not in STATUSES for status in given if status):
            self._wrong(name, "enum", f"Expected some of {', '.join(sorted(STATUSES))}")
        return tuple(dict.fromkeys(status for status in given if status))

    def one_of(self, name: str, known: Sequence[str]) -> str:
        """One of these words, which must be given."""
        value = self.text(name, 60) or ""
        if value not in known:
            self._wrong(name, "enum", f"Expected one of {', '.join(known)}")
        return value

    def check_range(self, start: datetime | None, end: datetime | None) -> None:
        """Note what is wrong with a range that has both ends."""
        if start is None or end is None:
            return
        if end <= start:
            self._wrong("to", "range", "The end must be after the start")
        elif end - start > RANGE_MAX:
            self._wrong("to", "range", f"A range is at most {RANGE_MAX.days} days long")

    def finish(self) -> None:
        """Raise InvalidQuery if anything was wrong."""
        if self.errors:
            raise InvalidQuery(self.errors)

    def _wrong(self, name: str, code: str, message: str) -> None:
        self.errors.append(FieldError(name, code, message))


def list_query(params: Params) -> ListQuery:
    """Read the parameters of a list. Raises InvalidQuery."""
    reader = Reader(params)
    query = ListQuery(
        ends_after=reader.instant("from"),
        starts_before=reader.instant("to"),
        statuses=reader.statuses("status"),
        participant=reader.uuid("participant_id"),
        client=reader.uuid("client_id"),
        text=reader.text("q", TEXT_MAX),
        limit=reader.number("limit", 1, LIMIT_MAX) or LIMIT_DEFAULT,
        cursor=reader.text("cursor", 200),
    )
    reader.check_range(query.ends_after, query.starts_before)
    reader.finish()
    return query


@dataclass(frozen=True, slots=True)
class CalendarQuery:
    """Whose calendar, from when to when (UTC)."""

    start: datetime
    end: datetime
    user: UUID | None


def calendar_query(params: Params, now: datetime) -> CalendarQuery:
    """Read the parameters of a calendar: from today (UTC) for 31 days unless they say otherwise."""
    reader = Reader(params)
    start, end, user = reader.instant("from"), reader.instant("to"), reader.uuid("user_id")
    if start is None:
        start = end - CALENDAR_DEFAULT if end else now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = end or start + CALENDAR_DEFAULT
    reader.check_range(start, end)
    reader.finish()
    return CalendarQuery(start, end, user)


@dataclass(frozen=True, slots=True)
class ExplainQuery:
    """Which type of notification, and about whom; None: the caller."""

    type: str
    user: UUID | None


def explain_query(params: Params) -> ExplainQuery:
    """Read the parameters of an explanation. Raises InvalidQuery."""
    reader = Reader(params)
    query = ExplainQuery(reader.one_of("type", KINDS), reader.uuid("user_id"))
    reader.finish()
    return query


@dataclass(frozen=True, slots=True)
class PreviewQuery:
    """On which channel, and in which language."""

    channel: str
    locale: str


def preview_query(params: Params) -> PreviewQuery:
    """Read the parameters of a preview: the e-mail in English unless they say otherwise. Raises InvalidQuery."""
    reader = Reader(params)
    query = PreviewQuery(reader.text("channel", 20) or "email", reader.text("locale", 35) or "en")
    reader.finish()
    return query


def analytics_range(params: Params, now: datetime) -> tuple[datetime, datetime]:
    """From when to when (UTC): the last 31 days, today among them, unless they say otherwise. Raises InvalidQuery."""
    reader = Reader(params)
    start, end = reader.instant("from"), reader.instant("to")
    if end is None:
        end = start + CALENDAR_DEFAULT if start else now
    if start is None:
        midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight - CALENDAR_DEFAULT + timedelta(days=1)
    reader.check_range(start, end)
    reader.finish()
    return start, end


def min_version(params: Params) -> int | None:
    """The version that a read wants to see at least, or None. Raises InvalidQuery."""
    reader = Reader(params)
    version = reader.number("min_version", 1, 2**31 - 1)
    reader.finish()
    return version
