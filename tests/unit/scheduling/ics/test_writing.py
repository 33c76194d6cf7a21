"""Files as calendar clients see them: judged by icalendar, dateutil and recurring-ical-events."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.tz
import icalendar
import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.ics.writing import CalendarEntry, write
from scheduling.ics.zones import vtimezone
from scheduling.recurrence import Recurrence, recurrence_of, starts
from tests.support.examples import examples

STAMP = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FROM, TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)
ODD_ZONES = [
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "America/Nuuk",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Gaza",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Apia",
    "UTC",
]


def an_entry(start: datetime = datetime(2027, 1, 4, 8, tzinfo=UTC), **fields: Any) -> CalendarEntry:
    values: dict[str, Any] = {
        "uid": "one",
        "sequence": 3,
        "stamp": STAMP,
        "timezone": "Europe/Berlin",
        "summary": "Advice",
    }
    return CalendarEntry(**{"start": start, "end": start + HOUR} | values | fields)


def a_series(local_start: str, zone: str, rrule: str | None, **pattern: Any) -> Recurrence:
    start = datetime.fromisoformat(local_start)
    return recurrence_of(local_start=start, timezone=zone, rrule=rrule, **pattern)


def master(series: Recurrence, **fields: Any) -> CalendarEntry:
    first = starts(series, until=TO, at_most=2_000)[0]
    return an_entry(first, recurrence=series, timezone=series.timezone, **fields)


def seen(entries: Iterable[CalendarEntry]) -> list[tuple[datetime, datetime, str]]:
    """Start, end and status of what a client shows."""
    calendar = icalendar.Calendar.from_ical(write(entries, name="Ann"))
    events = recurring_ical_events.of(calendar).between(FROM, TO)
    return sorted((one.start.astimezone(UTC), one.end.astimezone(UTC), str(one["STATUS"])) for one in events)


def only(raw: bytes) -> Any:
    (event,) = icalendar.Calendar.from_ical(raw).events
    return event


def test_all_fields_come_back() -> None:
    entry = an_entry(
        description="Bring:\n\tthe contract; and, please, a pen \\ two",
        location="Room 4, 2nd floor",
        url="https://meet.example/a?b=c,d;e",
        status="TENTATIVE",
        organizer=('Ann "Annie"; Doe', "urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
        attendees=[("Bob, Jr", "mailto:bob@example.org", "NEEDS-ACTION"), ("Cid", "urn:uuid:2", "DECLINED")],
    )
    raw = write([entry], name="Ann", method="REQUEST")
    calendar, event = icalendar.Calendar.from_ical(raw), only(raw)
    assert (str(calendar["METHOD"]), str(calendar["X-WR-CALNAME"])) == ("REQUEST", "Ann")
    assert (str(event["UID"]), event["SEQUENCE"], event["DTSTAMP"].dt) == ("one", 3, STAMP)
    assert (event.start, event.end) == (entry.start, entry.end)
    assert str(event["DESCRIPTION"]) == entry.description
    assert (str(event["LOCATION"]), str(event["URL"])) == (entry.location, entry.url)
    assert event["ORGANIZER"].params["CN"] == "Ann 'Annie'; Doe"
    answers = [(str(one), one.params["CN"], one.params["PARTSTAT"]) for one in event["ATTENDEE"]]
    assert answers == [
        ("mailto:bob@example.org", "Bob, Jr", "NEEDS-ACTION"),
        ("urn:uuid:2", "Cid", "DECLINED"),
    ]


@given(st.text(max_size=120), st.text(max_size=120))
@settings(max_examples=examples(100), deadline=None)
def test_no_text_adds_a_line_or_breaks_one(words: str, name: str) -> None:
    entry = an_entry(
        summary=words, description=words, location=words, url=words, organizer=(words, words), uid=words
    )
    raw = write([entry, an_entry()], name=name, method="REQUEST")
    lines = raw.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 for line in lines)
    assert all(line.decode("utf-8") is not None for line in lines), "no character is cut in two"
    assert not any(byte < 32 and byte != 9 for line in lines for byte in line)
    assert [line for line in lines if line.startswith(b"BEGIN:VEVENT")] == [b"BEGIN:VEVENT"] * 2
    first, _ = icalendar.Calendar.from_ical(raw).events
    kept = "".join(one for one in words.replace("\r\n", "\n") if one in "\n\t" or not is_control(one))
    assert str(first["SUMMARY"]) == kept.encode("utf-8", "replace").decode()


def is_control(character: str) -> bool:
    return ord(character) < 32 or 0x7F <= ord(character) < 0xA0


@pytest.mark.parametrize("zone", ODD_ZONES)
@pytest.mark.parametrize("local_start", ["2027-01-04T02:30", "2027-06-30T00:00"])
def test_a_client_sees_each_occurrence_over_the_years_clock_changes(zone: str, local_start: str) -> None:
    series = a_series(
        local_start, zone, "FREQ=DAILY;COUNT=400", exdates=[datetime.fromisoformat("2027-07-02T00:00")]
    )
    expected = starts(series, until=TO, at_most=400)
    removed = expected[5:7]
    found = [start for start, _, _ in seen([master(series, exdates=removed)])]
    assert found == [one for one in expected if one not in removed]


def test_a_client_sees_what_became_of_single_occurrences() -> None:
    series = a_series("2027-03-26T02:30", "Europe/Berlin", "FREQ=DAILY;COUNT=6")
    first, moved, in_the_gap, cancelled, removed, last = starts(series, until=TO, at_most=6)
    entries = [
        master(series, exdates=[removed]),
        an_entry(moved + 5 * HOUR, recurrence_id=moved),
        an_entry(in_the_gap - 4 * HOUR, recurrence_id=in_the_gap),
        an_entry(cancelled, recurrence_id=cancelled, status="CANCELLED"),
    ]
    assert seen(entries) == sorted(
        [
            (first, first + HOUR, "CONFIRMED"),
            (moved + 5 * HOUR, moved + 6 * HOUR, "CONFIRMED"),
            (in_the_gap - 4 * HOUR, in_the_gap - 3 * HOUR, "CONFIRMED"),
            (cancelled, cancelled + HOUR, "CANCELLED"),
            (last, last + HOUR, "CONFIRMED"),
        ]
    )


def test_an_occurrence_in_the_gap_is_named_as_the_rule_names_it() -> None:
    """Clients that compare wall clocks would not find it by the time to which it moves."""
    series = a_series("2027-03-27T02:30", "Europe/Berlin", "FREQ=DAILY;COUNT=3")
    in_the_gap = starts(series, until=TO, at_most=3)[1]
    own = an_entry(in_the_gap, recurrence_id=in_the_gap)
    raw = write([master(series, exdates=[in_the_gap]), own], name="Ann")
    assert b"\r\nEXDATE;TZID=Europe/Berlin:20270328T023000\r\n" in raw
    assert b"\r\nRECURRENCE-ID;TZID=Europe/Berlin:20270328T023000\r\n" in raw
    assert b"\r\nRECURRENCE-ID;TZID=Europe/Berlin:20270328T033000\r\n" in write([own], name="Ann")


def test_an_occurrence_in_the_gap_can_be_taken_away() -> None:
    series = a_series("2027-03-27T02:30", "Europe/Berlin", "FREQ=DAILY;COUNT=3")
    first, in_the_gap, last = starts(series, until=TO, at_most=3)
    assert [start for start, _, _ in seen([master(series, exdates=[in_the_gap])])] == [first, last]


def test_added_dates_are_seen() -> None:
    more = [datetime(2027, 4, 1, 8, tzinfo=UTC), datetime(2027, 10, 31, 1, 30, tzinfo=UTC)]
    series = a_series("2027-01-04T09:00", "Europe/Berlin", "FREQ=WEEKLY;COUNT=2", rdates=more)
    assert [start for start, _, _ in seen([master(series)])] == starts(series, until=TO, at_most=9)
    alone = a_series("2027-01-04T09:00", "Europe/Berlin", None, rdates=more)
    assert [start for start, _, _ in seen([master(alone)])] == starts(alone, until=TO, at_most=9)


@pytest.mark.parametrize("hour", [0, 1], ids=["the earlier", "the later"])
def test_both_of_two_times_that_look_the_same_can_be_written(hour: int) -> None:
    start = datetime(2027, 10, 31, hour, 30, tzinfo=UTC)
    event = only(write([an_entry(start)], name="Ann"))
    assert event.start.astimezone(UTC) == start


@pytest.mark.parametrize("key", ODD_ZONES)
def test_a_described_zone_has_the_offsets_of_the_zone(key: str) -> None:
    if key == "UTC":
        assert b"VTIMEZONE" not in write([an_entry(timezone=key)], name="Ann")
        return
    described = dateutil.tz.tzical(StringIO("\r\n".join(vtimezone(key, 2026, 2031)) + "\r\n")).get()
    zone = ZoneInfo(key)
    at = datetime.fromisoformat("2026-01-01T00:30")
    while at.year < 2032:
        if at.replace(tzinfo=zone, fold=0).utcoffset() == at.replace(tzinfo=zone, fold=1).utcoffset():
            assert at.replace(tzinfo=described).utcoffset() == at.replace(tzinfo=zone).utcoffset(), at
        at += timedelta(hours=5)


def test_a_zone_that_has_given_up_its_rule_is_described_by_dates() -> None:
    lines = vtimezone("America/Mexico_City", 2005, 2027)
    assert not any(line.startswith("RRULE") for line in lines)
    assert any(line.startswith("RDATE") and line.endswith("20220403T020000") for line in lines)


def test_a_zone_with_a_yearly_rule_is_described_for_ever() -> None:
    lines = vtimezone("America/New_York", 2027, 2027)
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU" in lines
    assert "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU" in lines
