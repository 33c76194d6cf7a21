"""Entries of the components of one UID: an event, or a series with what differs from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cli.transfer.entries import JSON, Entry, Part, Problem
from cli.transfer.ics_patterns import Row, Segment, body_of, segments
from contracts.fields import DESCRIPTION_MAX, LOCATION_MAX, TITLE_MAX, URL_MAX
from scheduling.expansion import Effort
from scheduling.ics.occupied import why_free
from scheduling.ics.parsing import EVENT
from scheduling.ics.reading import ReadEvent
from scheduling.ics.results import SKIPPED
from scheduling.ics.series import Whole, Window

UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class Owner:
    """The view of the person who imports: the time that matters, their zone, work, and addresses in small letters."""

    window: Window
    effort: Effort
    addresses: frozenset[str]

    @property
    def zone(self) -> tzinfo:
        """Return their zone."""
        return self.window.zone

    def why_free(self, event: ReadEvent) -> str | None:
        """Return the reason why an event takes none of their time."""
        if why := why_free(event, self.addresses):
            return why
        if (
            event.nominal is None
            and event.start.tzinfo
            and event.end.astimezone(UTC) == event.start.astimezone(UTC)
        ):
            return "no_length"
        return "no_length" if event.nominal is None and event.end == event.start else None


def problem(event: ReadEvent, code: str, detail: str) -> Problem:
    """Return a problem of a component."""
    return Problem(_place(event), code, detail, event.uid, _title(event)[:80], kind=EVENT)


def of_whole(group: Whole, owner: Owner) -> Iterator[Entry | Problem]:
    """Yield what the components of one UID become: entries, and a problem for each that is in none."""
    yield from (_skipped(event, "older_revision") for event in group.older)
    if group.master is None:
        for _, event in group.singles.values():
            yield _alone(event, owner)
        return
    rest = dict(group.singles)
    if not group.master.recurs and not group.following:
        alone = rest.pop(owner.window.instant(group.master.start), None)
        yield from _instead(group.master, alone, owner)
    else:
        yield from _of_series(group, rest, owner)
    for _, event in rest.values():
        yield _alone(event, owner)


def _instead(
    master: ReadEvent, single: tuple[datetime, ReadEvent] | None, owner: Owner
) -> Iterator[Entry | Problem]:
    """Yield an event, or the component that stands for its only occurrence."""
    found = _alone(single[1] if single else master, owner)
    if single is None:
        yield found
    elif isinstance(found, Entry):
        yield replace(found, uid=master.uid, parts=[_part(master), *found.parts])
    else:
        yield found
        yield replace(found, place=_place(master))


def _of_series(
    group: Whole, rest: dict[datetime, tuple[datetime, ReadEvent]], owner: Owner
) -> Iterator[Entry | Problem]:
    """Yield an entry for each part of a series between two changes of all that follow; take its occurrences from `rest`."""
    waiting: list[ReadEvent] = []
    found: list[Entry | Problem] = []
    for segment in segments(group, owner.window, owner.effort):
        singles = {row.original: rest.pop(row.original)[1] for row in segment.rows if row.original in rest}
        if why := owner.why_free(segment.event):
            found.append(_skipped(segment.event, why))
            found += [
                _skipped(event, why) if owner.why_free(event) else _alone(event, owner)
                for event in singles.values()
            ]
            continue
        members = [segment.event, *singles.values()]
        taking = {at: event for at, event in singles.items() if not owner.why_free(event)}
        ahead = [
            row
            for row in segment.rows
            if row.start > owner.window.first and (row.stands or row.original in taking)
        ]
        if not ahead:
            waiting += members
            continue
        entry = _series(segment, taking, ahead, owner)
        if isinstance(entry, Problem):
            found += [replace(entry, place=_place(event)) for event in members]
            continue
        parts = [_part(event) for event in (*waiting, *members)]
        found.append(replace(entry, parts=parts))
        waiting = []
    for place, booked in enumerate(found):
        if isinstance(booked, Entry) and waiting:
            found[place] = replace(booked, parts=[*booked.parts, *map(_part, waiting)])
            waiting = []
    yield from found
    yield from (_skipped(event, "over") for event in waiting)


def _series(
    segment: Segment, singles: dict[datetime, ReadEvent], ahead: Sequence[Row], owner: Owner
) -> Entry | Problem:
    event = segment.event
    pattern = body_of(segment, [row for row in ahead if row.stands or row.original in singles], owner.window)
    if isinstance(pattern, str):
        return replace(problem(event, "too_many", pattern), outcome="failed")
    clock = ZoneInfo(pattern.body["timezone"]) if "timezone" in pattern.body else UTC
    changes = [
        {"original_start_time": row.start.astimezone(clock).isoformat(), **_times(row.start, row.end)}
        for row in ahead
        if row.stands and row.end - row.start != pattern.length
    ]
    changes += [
        _change(row.start.astimezone(clock), singles[row.original], event)
        for row in segment.rows
        if row.original in singles
    ]
    entry = _entry(event, pattern.body)
    uid = event.uid if event.recurrence_id is None else f"{event.uid} {event.recurrence_id.isoformat()}"
    notes = [replace(problem(event, code, detail), outcome="note") for code, detail in pattern.notes]
    return replace(entry, uid=uid, changes=changes, notes=[*entry.notes, *notes])


def _alone(event: ReadEvent, owner: Owner) -> Entry | Problem:
    """An event, or an occurrence without its series, as an appointment."""
    if why := owner.why_free(event):
        return _skipped(event, why)
    if owner.window.instant(event.end) <= owner.window.first:
        return _skipped(event, "over")
    times = {"start_time": event.start.isoformat(), "end_time": event.end.isoformat()}
    entry = _entry(event, times | ({"timezone": event.timezone} if event.timezone else {}))
    uid = event.uid if event.recurrence_id is None else f"{event.uid} {event.recurrence_id.isoformat()}"
    return replace(entry, uid=uid)


def _entry(event: ReadEvent, times: JSON) -> Entry:
    body = {**_content(event), **times, "participant_ids": list(event.attendees)}
    return Entry(
        _place(event),
        {name: value for name, value in body.items() if value not in ("", [])},
        uid=event.uid,
        organizer=event.organizer,
        fall_back_to_owner=True,
        notes=[*_read_otherwise(event), *_shortened(event)],
        parts=[_part(event)],
    )


def _part(event: ReadEvent) -> Part:
    return Part(_place(event), EVENT)


def _place(event: ReadEvent) -> str:
    return f"component {event.number}"


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


def _times(start: datetime, end: datetime) -> JSON:
    return {"start_time": start.isoformat(), "end_time": end.isoformat()}


def _change(original: datetime, one: ReadEvent, series: ReadEvent) -> JSON:
    """Return the fields that differ from the series, and always the times."""
    content, whole = _content(one), _content(series)
    changed = {name: value or None for name, value in content.items() if value != whole[name]}
    return {"original_start_time": original.isoformat(), **changed, **_times(one.start, one.end)}


def _skipped(event: ReadEvent, code: str) -> Problem:
    return replace(problem(event, code, SKIPPED[code]), outcome="skipped")


def _read_otherwise(event: ReadEvent) -> list[Problem]:
    return [replace(problem(event, code, detail), outcome="note") for code, detail in event.notes]


def _shortened(event: ReadEvent) -> list[Problem]:
    lengths = (
        ("title", len(_title(event)), TITLE_MAX),
        ("description", len(event.description), DESCRIPTION_MAX),
        ("location", len(event.location), LOCATION_MAX),
    )
    return [
        replace(problem(event, "shortened", f"The {name} was cut to {limit:,} characters."), outcome="note")
        for name, length, limit in lengths
        if length > limit
    ]
