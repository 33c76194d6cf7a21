"""Open appointments and series as an iCalendar file."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cli.transfer.entries import JSON, Entry, uuid_in
from cli.transfer.recurring import length_of, recurrence_in
from scheduling.ics.writing import CalendarEntry, write
from scheduling.recurrence import Recurrence
from scheduling.wallclock import moved_out_of_gaps

NAME = "Appointments"
_PARTSTAT = {"confirmed": "ACCEPTED", "declined": "DECLINED"}


def calendar(entries: Iterable[Entry], at: datetime) -> bytes:
    """Return one calendar of all entries; `at`: the time of writing."""
    return write((event for entry in entries for event in _events(entry, at)), name=NAME)


def _events(entry: Entry, at: datetime) -> Iterator[CalendarEntry]:
    body = entry.body
    length = length_of(body["start_time"], body["end_time"])
    if "recurring_pattern" not in body:
        yield _event(entry, body, datetime.fromisoformat(body["start_time"]), length, at)
        return
    series = recurrence_in(body, body["timezone"])
    first = moved_out_of_gaps(series.local_start, ZoneInfo(series.timezone))
    yield _event(entry, body, first, length, at, series=series)
    for change in entry.changes:
        original = datetime.fromisoformat(change["original_start_time"])
        start, own = original, length
        if "start_time" in change:
            start = datetime.fromisoformat(change["start_time"])
            own = length_of(change["start_time"], change["end_time"])
        yield _event(entry, body | change, start, own, at, original=original)


def _event(
    entry: Entry,
    body: JSON,
    start: datetime,
    length: timedelta,
    at: datetime,
    *,
    series: Recurrence | None = None,
    original: datetime | None = None,
) -> CalendarEntry:
    answers = body.get("confirmation_status") or entry.answers
    return CalendarEntry(
        uid=entry.uid or "",
        sequence=0,
        stamp=at,
        start=start.astimezone(UTC),
        end=(start + length).astimezone(UTC),
        timezone=body["timezone"],
        summary=body["title"],
        description=body.get("description") or "",
        location=body.get("location") or "",
        url=body.get("meeting_url") or "",
        organizer=(entry.organizer, _uri(entry.organizer)) if entry.organizer else None,
        attendees=[
            (who, _uri(who), _PARTSTAT.get(answers.get(who, ""), "NEEDS-ACTION"))
            for who in body.get("participant_ids") or ()
        ],
        recurrence=series,
        exdates=series.exdates if series else (),
        recurrence_id=original,
    )


def _uri(who: str) -> str:
    return f"urn:uuid:{who}" if uuid_in(who) else f"mailto:{who}"
