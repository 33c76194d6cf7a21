"""Read appointments from iCalendar files.

A file has times, texts, people by their addresses, series with their single changes. It has no answers that are taken
over, no custom fields, no reminders, no seats, no client.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO
from urllib.parse import urlsplit

from cli.transfer.entries import JSON, BadFile, Entry, Problem
from contracts.fields import DESCRIPTION_MAX, LOCATION_MAX, TITLE_MAX, URL_MAX
from scheduling.ics.parsing import SIZE_MAX
from scheduling.ics.reading import ReadEvent, Unreadable, components

UNTITLED = "Untitled"
_ONCE = "FREQ=DAILY;COUNT=1"  # for a series that is nothing but dates


def read(stream: BinaryIO) -> Iterator[Entry | Problem]:
    """Event by event, an occurrence that differs with its series. Raises BadFile for a file that is no calendar."""
    raw = stream.read(SIZE_MAX + 1)
    if len(raw) > SIZE_MAX:
        raise BadFile(f"a calendar takes at most {SIZE_MAX:,} bytes; export it in parts")
    try:
        found = components(raw)[0].events
    except Unreadable as error:
        raise BadFile(str(error)) from error
    single: dict[str, list[ReadEvent]] = {}
    for event in found:
        if event.recurrence_id is not None:
            single.setdefault(event.uid, []).append(event)
    for number, event in enumerate(found, 1):
        if event.recurrence_id is None:
            yield _entry(f"event {number}", event, single.pop(event.uid, []))
    for orphans in single.values():
        yield from (_entry(f"event {found.index(one) + 1}", one, []) for one in orphans)


def _entry(place: str, event: ReadEvent, single: Sequence[ReadEvent]) -> Entry | Problem:
    title, uid = _title(event), _uid(event)
    if event.cancelled:
        return Problem(place, "cancelled", "It is cancelled.", uid, title[:80])
    if event.transparent:
        return Problem(place, "transparent", "It takes nobody's time.", uid, title[:80])
    body = {**_content(event), **_times(event), "participant_ids": list(event.attendees)}
    if event.timezone:
        body["timezone"] = event.timezone
    if event.recurrence_id is None and (event.rrule or event.added):
        body["recurring_pattern"] = _pattern(event, single)
    return Entry(
        place,
        {name: value for name, value in body.items() if value not in ("", [])},
        uid=uid,
        organizer=event.organizer,
        fall_back_to_owner=True,
        changes=[_change(one, event) for one in single if not one.cancelled],
        notes=_shortened(place, event, uid, title),
    )


def _uid(event: ReadEvent) -> str:
    return event.uid if event.recurrence_id is None else f"{event.uid} {event.recurrence_id.isoformat()}"


def _title(event: ReadEvent) -> str:
    return " ".join(event.summary.split()) or UNTITLED


def _content(event: ReadEvent) -> JSON:
    url = event.url if len(event.url) <= URL_MAX and urlsplit(event.url).scheme in ("http", "https") else ""
    return {
        "title": _title(event)[:TITLE_MAX],
        "description": event.description[:DESCRIPTION_MAX],
        "location": " ".join(event.location.split())[:LOCATION_MAX],
        "meeting_url": url,
    }


def _times(event: ReadEvent) -> JSON:
    return {"start_time": event.start.isoformat(), "end_time": event.end.isoformat()}


def _pattern(event: ReadEvent, single: Iterable[ReadEvent]) -> JSON:
    gone = [one.recurrence_id for one in single if one.cancelled and one.recurrence_id]
    pattern: JSON = {"rrule": event.rrule or _ONCE}
    for name, dates in (("exdates", (*event.exdates, *gone)), ("rdates", [one.start for one in event.added])):
        if dates:
            pattern[name] = [one.isoformat() for one in dates]
    return pattern


def _change(one: ReadEvent, series: ReadEvent) -> JSON:
    """Return the fields that differ from the series, and always the times."""
    original = one.recurrence_id or one.start
    content, whole = _content(one), _content(series)
    changed = {name: value or None for name, value in content.items() if value != whole[name]}
    return {"original_start_time": original.isoformat(), **changed, **_times(one)}


def _shortened(place: str, event: ReadEvent, uid: str, title: str) -> list[Problem]:
    lengths = (
        ("title", len(title), TITLE_MAX),
        ("description", len(event.description), DESCRIPTION_MAX),
        ("location", len(event.location), LOCATION_MAX),
    )
    return [
        Problem(place, "shortened", f"The {name} was cut to {limit:,} characters.", uid, title[:80])
        for name, length, limit in lengths
        if length > limit
    ]
