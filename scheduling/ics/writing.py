"""Appointments as an iCalendar file, such as a calendar client subscribes to or an invitation brings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scheduling.ics.lines import document, parameter, text, uri
from scheduling.ics.times import original_time, series_times, single_times
from scheduling.ics.zones import vtimezone
from scheduling.recurrence import Recurrence

PRODUCT = "-//Appointments//Appointments//EN"
_YEARS_OF_A_RULE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """One VEVENT.

    Times are instants, shown in `timezone`. With `recurrence` it is a series, whose first start by the rule is
    `start`; `exdates` are starts of it that do not take place; `recurrence_id`, the original start of one of them, makes
    the entry that one instead. `organizer` and `attendees` have URIs (`urn:uuid:…`, `mailto:…`).
    """

    uid: str
    sequence: int
    stamp: datetime
    start: datetime
    end: datetime
    timezone: str
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    status: str = "CONFIRMED"
    organizer: tuple[str, str] | None = None
    attendees: Sequence[tuple[str, str, str]] = ()
    recurrence: Recurrence | None = None
    exdates: Sequence[datetime] = ()
    recurrence_id: datetime | None = None


def write(entries: Iterable[CalendarEntry], *, name: str, method: str | None = None) -> bytes:
    """One VCALENDAR with the entries in their order, and a VTIMEZONE for each zone that they use."""
    events = list(entries)
    series = {entry.uid: entry.recurrence for entry in events if entry.recurrence}
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN"]
    if method:
        lines.append(f"METHOD:{method}")
    lines.append(f"X-WR-CALNAME:{text(name)}")
    for zone, (first, last) in sorted(_years(events).items()):
        lines += vtimezone(zone, first, last)
    for entry in events:
        lines += _event(entry, series.get(entry.uid))
    return document([*lines, "END:VCALENDAR"])


def _years(entries: Iterable[CalendarEntry]) -> dict[str, tuple[int, int]]:
    """The first and the last year in which each zone is needed; UTC needs no description."""
    years: dict[str, tuple[int, int]] = {}
    for entry in entries:
        first, last = entry.start.year, entry.end.year
        for zone in {entry.timezone, entry.recurrence.timezone if entry.recurrence else entry.timezone}:
            known = years.get(zone, (first, last))
            later = last + _YEARS_OF_A_RULE if entry.recurrence else last
            years[zone] = min(known[0], first), max(known[1], later)
    years.pop("UTC", None)
    return years


def _event(entry: CalendarEntry, series: Recurrence | None) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{text(entry.uid)}"
    yield f"DTSTAMP:{entry.stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"SEQUENCE:{entry.sequence}"
    if entry.recurrence:
        yield from series_times(entry.recurrence, entry.start, entry.end, entry.exdates)
    else:
        yield from single_times(entry.timezone, entry.start, entry.end)
    if entry.recurrence_id:
        yield f"RECURRENCE-ID{original_time(entry.recurrence_id, entry.timezone, series)}"
    yield from _words(entry)
    yield f"STATUS:{entry.status}"
    yield "END:VEVENT"


def _words(entry: CalendarEntry) -> Iterator[str]:
    yield f"SUMMARY:{text(entry.summary)}"
    for name, value in (("DESCRIPTION", entry.description), ("LOCATION", entry.location)):
        if value:
            yield f"{name}:{text(value)}"
    if entry.url:
        yield f"URL:{uri(entry.url)}"
    if entry.organizer:
        name, address = entry.organizer
        yield f"ORGANIZER{_named(name)}:{uri(address)}"
    for name, address, answer in entry.attendees:
        yield f"ATTENDEE{_named(name)};PARTSTAT={answer}:{uri(address)}"


def _named(name: str) -> str:
    return f";CN={parameter(name)}" if name else ""
