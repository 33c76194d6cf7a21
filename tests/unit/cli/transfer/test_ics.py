"""iCalendar files in and out."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from cli.transfer import ics_reading
from cli.transfer.entries import BadFile, Entry, Problem
from cli.transfer.ics_writing import calendar
from cli.transfer.importing.follow_ups import follow_ups
from cli.transfer.importing.planning import Planned, planned
from tests.unit.cli.transfer.cast import GRETA, JONAS, MIRA, roster

NOW = datetime(2027, 2, 20, 12, tzinfo=UTC)
EVENT = """\
BEGIN:VEVENT
UID:abc@elsewhere
DTSTAMP:20270101T000000Z
DTSTART;TZID=Europe/Berlin:20270301T090000
DTEND;TZID=Europe/Berlin:20270301T100000
SUMMARY:Review\\, late
LOCATION:Room 2
URL:https://meet.example/1
ORGANIZER:mailto:greta@example.org
ATTENDEE:mailto:greta@example.org
ATTENDEE:mailto:jonas@example.org
{more}END:VEVENT
"""
MOVED = """\
BEGIN:VEVENT
UID:abc@elsewhere
DTSTAMP:20270101T000000Z
RECURRENCE-ID;TZID=Europe/Berlin:20270308T090000
DTSTART;TZID=Europe/Berlin:20270309T110000
DTEND;TZID=Europe/Berlin:20270309T130000
SUMMARY:Moved
LOCATION:Room 2
URL:https://meet.example/1
{more}END:VEVENT
"""


def read(*events: str) -> Sequence[Entry | Problem]:
    """The entries of a calendar of these events."""
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n" + "".join(events) + "END:VCALENDAR\n"
    return list(ics_reading.read(io.BytesIO(text.replace("\n", "\r\n").encode()), NOW, None))


def an_entry(*events: str) -> Entry:
    """The only entry of a calendar."""
    [found] = read(*events)
    assert isinstance(found, Entry)
    return found


def test_an_event_is_an_appointment_of_its_organizer_with_those_who_attend() -> None:
    entry = an_entry(EVENT.format(more=""))
    assert (entry.place, entry.uid, entry.organizer) == ("component 1", "abc@elsewhere", "greta@example.org")
    assert entry.body == {
        "title": "Review, late",
        "location": "Room 2",
        "meeting_url": "https://meet.example/1",
        "start_time": "2027-03-01T09:00:00+01:00",
        "end_time": "2027-03-01T10:00:00+01:00",
        "timezone": "Europe/Berlin",
        "participant_ids": ["greta@example.org", "jonas@example.org"],
    }
    plan = planned(entry, roster(), None, at=NOW, attempt=1)
    assert isinstance(plan, Planned)
    assert plan.body["participant_ids"] == [JONAS.id]


def test_a_series_with_an_occurrence_that_moved_and_one_that_was_cancelled() -> None:
    cancelled = MOVED.replace("20270308T090000", "20270315T090000").format(more="STATUS:CANCELLED\n")
    entry = an_entry(MOVED.format(more=""), cancelled, EVENT.format(more="RRULE:FREQ=WEEKLY;COUNT=4\n"))
    assert entry.body["recurring_pattern"] == {
        "rrule": "FREQ=WEEKLY;COUNT=4",
        "exdates": ["2027-03-15T09:00:00+01:00"],
    }
    plan = planned(entry, roster(), None, at=NOW, attempt=1)
    assert isinstance(plan, Planned), plan
    booked = [{"original_start_time": "2027-03-08T08:00:00Z", "appointment_id": "B"}]
    [update] = follow_ups(plan, {"appointment_id": "A", "occurrences": booked}, roster())
    assert b'"title":"Moved"' in (update.value or b"")
    assert b'"start_time":"2027-03-09T11:00:00+01:00"' in (update.value or b"")


def test_an_organizer_whom_nobody_knows_gives_way_to_the_owner() -> None:
    stranger = EVENT.format(more="").replace("ORGANIZER:mailto:greta", "ORGANIZER:mailto:client")
    plan = planned(an_entry(stranger), roster(), MIRA, at=NOW, attempt=1)
    assert isinstance(plan, Planned)
    assert plan.organizer == MIRA
    assert [note.code for note in plan.entry.notes] == ["unknown_user"]
    assert isinstance(planned(an_entry(stranger), roster(), None, at=NOW, attempt=1), Problem)


def test_an_occurrence_without_its_series_stands_alone() -> None:
    entry = an_entry(MOVED.format(more=""))
    assert entry.uid == "abc@elsewhere 2027-03-08T09:00:00+01:00"
    assert "recurring_pattern" not in entry.body


@pytest.mark.parametrize(
    ("more", "code"),
    [
        pytest.param("TRANSP:TRANSPARENT\n", "free", id="it takes no time"),
        pytest.param("STATUS:CANCELLED\n", "cancelled", id="it is cancelled"),
    ],
)
def test_what_is_no_appointment(more: str, code: str) -> None:
    [found] = read(EVENT.format(more=more))
    assert isinstance(found, Problem)
    assert found.code == code


def test_what_is_too_long_is_cut_and_said() -> None:
    entry = an_entry(EVENT.format(more="").replace("SUMMARY:Review", "SUMMARY:" + "x" * 300))
    assert len(entry.body["title"]) == 200
    assert [note.code for note in entry.notes] == ["shortened"]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"title,start_time\n", id="a table"),
        pytest.param(b"x" * 6_000_000, id="too large"),
        pytest.param(b"BEGIN:VCALENDAR\n" * 10_000, id="nested without end"),
    ],
)
def test_a_file_that_is_no_calendar(raw: bytes) -> None:
    with pytest.raises(BadFile):
        list(ics_reading.read(io.BytesIO(raw), NOW, None))


def test_what_is_written_is_read_again() -> None:
    entries = [
        Entry(
            "",
            {
                "title": "Review; late, or not",
                "description": "Two\nlines",
                "start_time": "2027-03-01T08:00:00Z",
                "end_time": "2027-03-01T09:00:00Z",
                "timezone": "Europe/Berlin",
                "participant_ids": [JONAS.email],
            },
            uid="00000000-0000-0000-0000-000000000007",
            organizer=GRETA.email,
        ),
        Entry(
            "",
            {
                "title": "Weekly",
                "start_time": "2027-03-01T09:00:00",
                "end_time": "2027-03-01T10:00:00",
                "timezone": "Europe/Berlin",
                "recurring_pattern": {"rrule": "FREQ=WEEKLY;COUNT=9", "exdates": ["2027-03-29T09:00:00"]},
            },
            uid="00000000-0000-0000-0000-000000000008",
            organizer=GRETA.email,
            changes=[
                {
                    "original_start_time": "2027-04-05T07:00:00Z",
                    "title": "Later",
                    "start_time": "2027-04-05T08:00:00Z",
                    "end_time": "2027-04-05T09:00:00Z",
                }
            ],
        ),
    ]
    single, series = ics_reading.read(io.BytesIO(calendar(entries, NOW)), NOW, None)
    assert isinstance(single, Entry)
    assert isinstance(series, Entry)
    assert (single.uid, single.organizer) == (entries[0].uid, GRETA.email)
    assert single.body == entries[0].body | {
        "start_time": "2027-03-01T09:00:00+01:00",
        "end_time": "2027-03-01T10:00:00+01:00",
    }
    assert series.body["recurring_pattern"] == {
        "rrule": "FREQ=WEEKLY;COUNT=9",
        "exdates": ["2027-03-29T09:00:00+02:00"],
    }
    [change] = series.changes
    assert change == {
        "original_start_time": "2027-04-05T09:00:00+02:00",
        "title": "Later",
        "start_time": "2027-04-05T10:00:00+02:00",
        "end_time": "2027-04-05T11:00:00+02:00",
    }
