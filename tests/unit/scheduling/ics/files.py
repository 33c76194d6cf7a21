"""Calendar files of other programs, written down for tests, and what a reader takes from them."""

from datetime import UTC, datetime
from typing import Any

from scheduling.ics.reading import Busy, busy

FIRST, LAST = datetime(2027, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def part(name: str, *lines: str) -> str:
    """A component with its lines."""
    return "\n".join([f"BEGIN:{name}", *lines, f"END:{name}"])


def vevent(*lines: str, uid: str = "one") -> str:
    """A VEVENT with its lines."""
    return part("VEVENT", f"UID:{uid}", *lines)


def a_file(*parts: str) -> bytes:
    """A calendar with these parts."""
    text = part("VCALENDAR", "VERSION:2.0", "PRODID:-//else//else//EN", *parts) + "\n"
    return text.replace("\n", "\r\n").encode()


def read(*parts: str, zone: str = BERLIN, at_most: int = 1_000, **options: Any) -> Busy:
    """Return what a calendar occupies in two years."""
    options = {"first": FIRST, "last": LAST} | options
    return busy(a_file(*parts), zone=zone, at_most=at_most, **options)


def spans(*parts: str, **options: Any) -> list[str]:
    """Return the times that it takes, in UTC and in order, as `05-03T09:00/10:00`."""
    return [
        span(one.start, one.end) for one in sorted(read(*parts, **options).ranges, key=lambda one: one.start)
    ]


def span(start: datetime, end: datetime) -> str:
    """From when to when; the date of the end if it is another."""
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%m-%dT%H:%M}"
    return f"{start:%m-%dT%H:%M}/{until}"


def fates(*parts: str, **options: Any) -> list[str]:
    """Return the fate of each component, with the reason."""
    return [f"{one.fate} {one.code}".strip() for one in read(*parts, **options).results]
