"""The events of an iCalendar file, as they are written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from zoneinfo import ZoneInfo

from scheduling.expansion import TooMuchWork
from scheduling.ics import values
from scheduling.ics.clocks import Clocks
from scheduling.ics.parsing import Component, Property, Unreadable
from scheduling.wallclock import moved_out_of_gaps

ADDRESSES_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvent:
    """One VEVENT: an event, a series (`rrule` or `rdates`), or with `recurrence_id` one occurrence of the series `uid`.

    Times are aware where the file says their zone; naive where each reader's own zone is meant, as it is for whole days
    (`all_day`, from midnight to midnight). `timezone` is the IANA zone, None for naive times and where only the file
    describes the zone. The texts are without control characters, the addresses without `mailto:`.
    """

    uid: str
    sequence: int
    start: datetime
    end: datetime
    timezone: str | None
    all_day: bool
    summary: str
    description: str
    location: str
    url: str
    rrule: str | None
    exdates: tuple[datetime, ...]
    rdates: tuple[datetime, ...]
    recurrence_id: datetime | None
    transparent: bool
    cancelled: bool
    attendees: tuple[str, ...]
    organizer: str | None


class _Skip(ValueError):
    """The event cannot be read."""


def events_of(calendars: Iterable[Component], clocks: Clocks) -> tuple[list[ReadEvent], int]:
    """The events in their order, and how many were left out because they cannot be read."""
    found, skipped = [], 0
    for calendar in calendars:
        withdrawn = calendar.value("METHOD").strip().upper() == "CANCEL"
        for component in calendar.components:
            if component.name != "VEVENT":
                continue
            try:
                found.append(_event(component, clocks, withdrawn))
            except TooMuchWork:
                raise Unreadable(
                    "too_much", "The dates and time zones of the calendar are too many."
                ) from None
            except (ValueError, OverflowError):
                skipped += 1
    return found, skipped


def _event(component: Component, clocks: Clocks, withdrawn: bool) -> ReadEvent:
    if component.broken or "EXRULE" in component.properties or len(component.properties.get("RRULE", ())) > 1:
        raise _Skip
    start, all_day = _moment(component.first("DTSTART"), clocks)
    summary = values.text(component.value("SUMMARY"))
    end = _end(component, clocks, start, all_day)
    again = component.first("RECURRENCE-ID")
    if again and "RANGE" in again.parameters:
        raise _Skip
    return ReadEvent(
        uid=values.text(component.value("UID")) or _made_up_uid(start, end, summary),
        sequence=_number(component.value("SEQUENCE")),
        start=start,
        end=end,
        timezone=_key(start.tzinfo),
        all_day=all_day,
        summary=summary,
        description=values.text(component.value("DESCRIPTION")),
        location=values.text(component.value("LOCATION")),
        url=values.text(component.value("URL")),
        rrule=component.value("RRULE").strip() or None,
        exdates=tuple(_dates(component.properties.get("EXDATE", ()), clocks, start)),
        rdates=tuple(_dates(component.properties.get("RDATE", ()), clocks, start)),
        recurrence_id=_moment(again, clocks)[0] if again else None,
        transparent=component.value("TRANSP").strip().upper() == "TRANSPARENT",
        cancelled=withdrawn or component.value("STATUS").strip().upper() == "CANCELLED",
        attendees=tuple(_addresses(component.properties.get("ATTENDEE", ()))),
        organizer=next(_addresses(component.properties.get("ORGANIZER", ())), None),
    )


def _moment(found: Property | None, clocks: Clocks) -> tuple[datetime, bool]:
    """The time, or the midnight that a date begins with, and whether it is a date."""
    if found is None:
        raise _Skip
    return _in_its_zone(values.moment(found.value), found.parameters.get("TZID"), clocks)


def _in_its_zone(
    moment: date | datetime, tzid: str | None, clocks: Clocks, like: datetime | None = None
) -> tuple[datetime, bool]:
    """A date where a time is meant (`like` the start) is the start's time on that day."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, like.timetz() if like else time()), True
    if tzid and moment.tzinfo is None:
        moment = moment.replace(tzinfo=clocks.zone(tzid))
        moment.utcoffset()
    return moment, False


def _end(component: Component, clocks: Clocks, start: datetime, all_day: bool) -> datetime:
    """By DTEND or DURATION; without both a day, or nothing."""
    if component.first("DTEND"):
        end, is_date = _moment(component.first("DTEND"), clocks)
        if is_date != all_day or (end.tzinfo is None) != (start.tzinfo is None):
            raise _Skip
    elif component.first("DURATION"):
        days, rest = values.duration(component.value("DURATION"))
        end = _later(start + timedelta(days=days), rest)
    else:
        end = start + timedelta(days=1 if all_day else 0)
    if end < start:
        raise _Skip
    return end


def _later(start: datetime, rest: timedelta) -> datetime:
    """So much elapsed time later; wall-clock time, where the zone is not known."""
    if start.tzinfo is None or not rest:
        return start + rest
    return moved_out_of_gaps(start.replace(tzinfo=None), start.tzinfo) + rest


def _dates(lists: Iterable[Property], clocks: Clocks, start: datetime) -> Iterator[datetime]:
    for one in lists:
        for moment in values.moments(one.value, clocks.effort):
            yield _in_its_zone(moment, one.parameters.get("TZID"), clocks, start)[0]


def _addresses(people: Iterable[Property]) -> Iterator[str]:
    for person in list(people)[:ADDRESSES_MAX]:
        email = values.address(person.value) or person.parameters.get("EMAIL")
        if email:
            yield email


def _number(value: str) -> int:
    return int(value) if value.strip().isdecimal() and len(value) < 10 else 0


def _key(zone: tzinfo | None) -> str | None:
    return "UTC" if zone is UTC else zone.key if isinstance(zone, ZoneInfo) else None


def _made_up_uid(start: datetime, end: datetime, summary: str) -> str:
    """A name for an event without one, the same whenever the file is read."""
    return sha256(f"{start.isoformat()} {end.isoformat()} {summary}".encode()).hexdigest()
