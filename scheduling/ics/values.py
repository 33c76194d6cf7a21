"""Values of iCalendar properties (RFC 5545, 3.3). Each function raises ValueError for a value that it cannot read."""

import re
from datetime import UTC, date, datetime, timedelta

from scheduling.expansion import Effort

_DAYS_OF_A_DATE = 10
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ESCAPED = re.compile(r"\\([\\;,Nn])")
_TIME = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:([0-9]{1,6})W|(?:([0-9]{1,6})D)?(?:T(?=[0-9])(?:([0-9]{1,8})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,8})S)?)?)",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])([0-9]{2})([0-5][0-9])([0-5][0-9])?", re.ASCII)


def text(value: str) -> str:
    """A TEXT value without its escapes and without control characters but newline and tab."""
    plain = _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    return _CONTROL.sub("", plain).strip()


def moment(value: str) -> date | datetime:
    """A date, a naive time of a wall clock, or a time in UTC."""
    if not (match := _TIME.fullmatch(value.strip().upper())):
        raise ValueError("no date or time")
    day = date(int(match[1][:4]), int(match[1][4:6]), int(match[1][6:]))
    if not match[2]:
        return day
    at = datetime(  # noqa: DTZ001
        day.year, day.month, day.day, int(match[2][:2]), int(match[2][2:4]), min(int(match[2][4:]), 59)
    )
    return at.replace(tzinfo=UTC) if match[3] else at


def moments(value: str, effort: Effort) -> list[date | datetime]:
    """A list of them; of a period its start."""
    return [start for start, _ in periods(value, effort)]


def periods(value: str, effort: Effort) -> list[tuple[date | datetime, str]]:
    """A list of times, each with the end or the duration of its period, if it is one.

    Reading one is as much work as looking through ten days.
    """
    parts = [one.strip().partition("/") for one in value.split(",") if one.strip()]
    effort.spend(_DAYS_OF_A_DATE * (value.count(",") + 1))
    return [(moment(start), end) for start, _, end in parts]


def duration(value: str) -> tuple[int, timedelta]:
    """A duration: whole days, which keep the wall clock, and the rest, which is elapsed time."""
    match = _DURATION.fullmatch(value.strip().upper())
    if not match or not any(match.groups()[1:]):
        raise ValueError("no duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    if match[1] == "-":
        raise ValueError("a duration back in time")
    return weeks * 7 + days, timedelta(hours=hours, minutes=minutes, seconds=seconds)


def offset(value: str) -> timedelta:
    """An offset from UTC, less than a day."""
    match = _OFFSET.fullmatch(value.strip())
    if not match or int(match[2]) > 23:
        raise ValueError("no offset")
    amount = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return -amount if match[1] == "-" else amount


def address(value: str) -> str | None:
    """The e-mail address of a `mailto:` URI."""
    scheme, colon, rest = value.strip().partition(":")
    return _CONTROL.sub("", rest.strip()) or None if colon and scheme.lower() == "mailto" else None
