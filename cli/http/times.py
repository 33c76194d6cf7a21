"""Times and days as a person gives them and reads them, on the clock of a zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from cli.console import EXIT_USAGE, fail


def instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a time such as 2027-03-01T09:00, in this zone unless it has an offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text[:60]!r} is not a time such as 2027-03-01T09:00", EXIT_USAGE)
    return (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(UTC)


def day(text: str) -> date:
    """Return the date of a text such as 2027-03-01."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text[:60]!r} is not a date such as 2027-03-01", EXIT_USAGE)


def z(at: datetime) -> str:
    """Return an instant as the API takes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(start: datetime, end: datetime) -> str:
    """Return a range, with the second date only where it is another day."""
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a} {end.day} {end:%b %H:%M}"
    return f"{start:%H:%M}–{until}"


def weekday(at: date) -> str:
    """Return a day such as Mon 7 Dec."""
    return f"{at:%a} {at.day} {at:%b}"
