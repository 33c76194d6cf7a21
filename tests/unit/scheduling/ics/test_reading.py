"""iCalendar files of others: what they mean, and what is refused whatever they hold."""

from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduling.ics.reading import Busy, ReadEvent, Unreadable, busy, components
from tests.support.examples import examples

FIRST, LAST = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
TIMED = "DTSTART;TZID=Europe/Berlin:20270104T090000\nDTEND;TZID=Europe/Berlin:20270104T100000"
OUTLOOK_ZONE = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""


def an_event(*lines: str, uid: str = "one") -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"])


def a_file(*parts: str) -> bytes:
    text = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *parts, "END:VCALENDAR", ""])
    return text.replace("\n", "\r\n").encode()


def read(*lines: str) -> ReadEvent:
    (event,) = components(a_file(an_event(*lines)))[0].events
    return event


def occupied(*parts: str, zone: str = "Europe/Berlin", at_most: int = 1_000) -> Busy:
    return busy(a_file(*parts), first=FIRST, last=LAST, zone=zone, at_most=at_most)


def spans(*parts: str, **options: Any) -> list[str]:
    return [f"{one.start:%m-%dT%H:%M}/{one.end:%m-%dT%H:%M}" for one in occupied(*parts, **options).ranges]


def test_the_fields_of_an_event() -> None:
    event = read(
        "SEQUENCE:4",
        TIMED,
        "SUMMARY:Advice\\, first\\; and\\n",
        " more \\\\ \x07",
        "LOCATION;LANGUAGE=en:Room 4",
        'DESCRIPTION;ALTREP="cid:a;b:c":Bring: a pen',
        "URL:https://meet.example/a?b=c;d",
        "ORGANIZER;CN=Ann:MAILTO:ann@example.org",
        'ATTENDEE;CN="Doe; Bob";PARTSTAT=ACCEPTED:mailto:bob@example.org',
        "ATTENDEE;EMAIL=cid@example.org:urn:uuid:1",
        "BEGIN:VALARM",
        "SUMMARY:An alarm's own",
        "END:VALARM",
    )
    assert event.summary == "Advice, first; and\nmore \\"
    assert (event.location, event.description) == ("Room 4", "Bring: a pen")
    assert (event.url, event.sequence) == ("https://meet.example/a?b=c;d", 4)
    assert event.organizer == "ann@example.org"
    assert event.attendees == ("bob@example.org", "cid@example.org")
    assert (event.timezone, event.start.isoformat()) == ("Europe/Berlin", "2027-01-04T09:00:00+01:00")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([TIMED], ["01-04T08:00/01-04T09:00"], id="a zone by its name"),
        pytest.param(
            ["DTSTART;TZID=W. Europe Standard Time:20270704T090000", "DURATION:PT90M"],
            ["07-04T07:00/07-04T08:30"],
            id="a zone by its Windows name, and a duration",
        ),
        pytest.param(
            ['DTSTART;TZID="/freeassociation.sourceforge.net/Europe/Berlin":20270704T090000', "DURATION:P1D"],
            ["07-04T07:00/07-05T07:00"],
            id="a zone by a vendor's path",
        ),
        pytest.param(
            ["DTSTART;TZID=Customized Time Zone:20270704T090000", "DURATION:PT1H"],
            ["07-04T07:00/07-04T08:00"],
            id="a zone that only the file describes, in summer",
        ),
        pytest.param(
            ["DTSTART;TZID=Customized Time Zone:20271231T090000", "DURATION:PT1H"],
            ["12-31T08:00/12-31T09:00"],
            id="a zone that only the file describes, in winter",
        ),
        pytest.param(
            ["DTSTART;TZID=Customized Time Zone:20270328T023000", "DURATION:PT1H"],
            ["03-28T01:30/03-28T02:30"],
            id="a described zone's gap is jumped over",
        ),
        pytest.param(
            ["DTSTART:20270704T090000Z", "DTEND:20270704T093000Z"], ["07-04T09:00/07-04T09:30"], id="UTC"
        ),
        pytest.param(
            ["DTSTART:20270704T090000", "DTEND:20270704T093000"],
            ["07-04T07:00/07-04T07:30"],
            id="no zone: the reader's",
        ),
        pytest.param(
            ["DTSTART;VALUE=DATE:20270328"], ["03-27T23:00/03-28T22:00"], id="a whole day, of 23 hours"
        ),
        pytest.param(
            ["DTSTART;VALUE=DATE:20270101", "DTEND;VALUE=DATE:20270104"],
            ["12-31T23:00/01-03T23:00"],
            id="whole days",
        ),
        pytest.param(
            ["DTSTART;TZID=Europe/Berlin:20270327T233000", "DURATION:P1DT1H"],
            ["03-27T22:30/03-28T22:30"],
            id="days of a duration keep the wall clock, hours are elapsed",
        ),
        pytest.param([TIMED, "TRANSP:TRANSPARENT"], [], id="shown as free"),
        pytest.param([TIMED, "STATUS:CANCELLED"], [], id="cancelled"),
        pytest.param(["DTSTART:20270704T090000Z"], [], id="no time at all"),
        pytest.param(
            ["DTSTART:20261231T233000Z", "DTEND:20270101T003000Z"],
            ["12-31T23:30/01-01T00:30"],
            id="at the edge",
        ),
        pytest.param(["DTSTART:20261231T230000Z", "DTEND:20270101T000000Z"], [], id="before the range"),
        pytest.param(
            ["DTSTART:20260101T000000Z", "DTEND:20290101T000000Z"],
            ["01-01T00:00/01-01T00:00"],
            id="all around",
        ),
    ],
)
def test_what_an_event_occupies(lines: list[str], expected: list[str]) -> None:
    assert spans(OUTLOOK_ZONE, an_event(*lines)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [TIMED, "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20270111T090000"],
            ["01-04T08:00/01-04T09:00", "01-18T08:00/01-18T09:00", "01-25T08:00/01-25T09:00"],
            id="an exception is left out",
        ),
        pytest.param(
            [TIMED, "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20270111,20270118"],
            ["01-04T08:00/01-04T09:00"],
            id="an exception by its day",
        ),
        pytest.param(
            [TIMED, "RDATE:20270301T080000Z"],
            ["01-04T08:00/01-04T09:00", "03-01T08:00/03-01T09:00"],
            id="dates alone",
        ),
        pytest.param(
            ["DTSTART;VALUE=DATE:20270327", "RRULE:FREQ=DAILY;UNTIL=20270328"],
            ["03-26T23:00/03-27T23:00", "03-27T23:00/03-28T22:00"],
            id="whole days that recur",
        ),
        pytest.param(
            [
                "DTSTART;TZID=Customized Time Zone:20270301T090000",
                "DURATION:PT1H",
                "RRULE:FREQ=MONTHLY;COUNT=2",
            ],
            ["03-01T08:00/03-01T09:00", "04-01T07:00/04-01T08:00"],
            id="on the wall clock of a described zone",
        ),
        pytest.param(
            ["DTSTART:20201231T090000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY"],
            ["12-31T09:00/12-31T10:00"],
            id="begun years ago, without end",
        ),
        pytest.param(
            ["DTSTART:20210101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2193"],
            ["01-01T09:00/01-01T10:00", "01-02T09:00/01-02T10:00"],
            id="begun years ago, counted from there",
        ),
    ],
)
def test_what_a_series_occupies(lines: list[str], expected: list[str]) -> None:
    assert spans(OUTLOOK_ZONE, an_event(*lines)) == expected


def test_of_a_series_without_an_end_four_hundred_days_are_looked_at() -> None:
    raw = a_file(
        an_event(TIMED, "RRULE:FREQ=DAILY"), an_event(TIMED, "RRULE:FREQ=DAILY;COUNT=900", uid="two")
    )
    taken = busy(raw, first=FIRST, last=datetime(2031, 1, 1, tzinfo=UTC), zone="UTC", at_most=2_000)
    assert [len([one for one in taken.ranges if one.uid[:3] == uid]) for uid in ("one", "two")] == [398, 900]


def test_events_of_their_own_stand_for_occurrences() -> None:
    moved = an_event("RECURRENCE-ID:20270111T080000Z", "DTSTART:20270112T100000Z", "DTEND:20270112T110000Z")
    cancelled = an_event("RECURRENCE-ID;TZID=Europe/Berlin:20270118T090000", TIMED, "STATUS:CANCELLED")
    taken = occupied(an_event(TIMED, "RRULE:FREQ=WEEKLY;COUNT=3"), moved, cancelled)
    assert [(one.uid, one.start) for one in taken.ranges] == [
        ("one#20270104T080000Z", datetime(2027, 1, 4, 8, tzinfo=UTC)),
        ("one#20270111T080000Z", datetime(2027, 1, 12, 10, tzinfo=UTC)),
    ]
    assert taken.removed == ["one#20270118T080000Z"]


def test_what_is_free_again_is_named() -> None:
    taken = occupied(
        an_event(TIMED, "STATUS:CANCELLED", uid="a"),
        an_event(TIMED, "TRANSP:TRANSPARENT", uid="b"),
        an_event(TIMED, "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:20270111T080000Z", uid="c"),
    )
    assert taken.removed == ["a", "b", "c#20270111T080000Z"]
    assert [one.uid for one in taken.ranges] == ["c#20270104T080000Z"]


def test_a_calendar_that_takes_back_cancels() -> None:
    assert occupied("METHOD:CANCEL", an_event(TIMED)).removed == ["one"]


def test_of_several_versions_the_newest_counts() -> None:
    old, new = (
        an_event(TIMED, "SEQUENCE:1"),
        an_event("SEQUENCE:2", "DTSTART:20270501T080000Z", "DURATION:PT1H"),
    )
    assert spans(new, old) == ["05-01T08:00/05-01T09:00"]


def test_the_same_file_names_the_same_ranges_and_long_uids_are_shortened() -> None:
    parts = [an_event(TIMED, "RRULE:FREQ=WEEKLY;COUNT=2", uid="x" * 400), an_event(TIMED, uid="")]
    names = [one.uid for one in occupied(*parts).ranges]
    assert names == [one.uid for one in occupied(*parts).ranges]
    assert len(set(names)) == 3
    assert all(0 < len(name) <= 255 for name in names)


@pytest.mark.parametrize(
    "lines",
    [
        ["SUMMARY:no start"],
        ["DTSTART:20270230T090000Z"],
        ["DTSTART:20270104T250000Z"],
        ["DTSTART:yesterday"],
        ["DTSTART;TZID=Middle-earth/Shire:20270104T090000"],
        ["DTSTART;TZID=../../etc/passwd:20270104T090000"],
        ["DTSTART;TZID:20270104T090000"],
        ["DTSTART:20270104T090000Z", "DTEND:20270104T080000Z"],
        ["DTSTART:20270104T090000Z", "DTEND;VALUE=DATE:20270105"],
        ["DTSTART:20270104T090000Z", "DTEND:20270104T100000"],
        ["DTSTART:20270104T090000Z", "DURATION:-PT1H"],
        ["DTSTART:20270104T090000Z", "DURATION:PT"],
        ["DTSTART:20270104T090000Z", "DURATION:P999999W"],
        ["DTSTART;TZID=Asia/Tokyo:00010101T000000", "DURATION:PT1H"],
        ["DTSTART:99991231T235959Z", "DURATION:PT1H"],
        [TIMED, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"],
        [TIMED, "EXRULE:FREQ=DAILY"],
        [TIMED, "RECURRENCE-ID;RANGE=THISANDPRIOR:20270104T080000Z"],
        [TIMED, "RRULE:FREQ=SECONDLY"],
        [TIMED, "RRULE:FREQ=DAILY;COUNT=1000000000"],
        [TIMED, "RRULE:nonsense"],
        [TIMED, "EXDATE:nonsense"],
    ],
    ids=str,
)
def test_an_event_that_cannot_be_read_is_counted_and_its_neighbours_are_kept(lines: list[str]) -> None:
    taken = occupied(an_event(*lines, uid="bad"), an_event(TIMED, uid="good"))
    assert ([one.uid for one in taken.ranges], taken.skipped) == (["good"], 1)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["DTSTART:20200104T090000Z", "DURATION:PT1H"], id="over"),
        pytest.param([TIMED, "TRANSP:TRANSPARENT"], id="free"),
        pytest.param([TIMED, "STATUS:CANCELLED"], id="cancelled"),
    ],
)
def test_what_occupies_nothing_is_counted_as_skipped(lines: list[str]) -> None:
    taken = occupied(an_event(*lines, uid="other"), an_event(TIMED, uid="good"))
    assert ([one.uid for one in taken.ranges], taken.skipped) == (["good"], 1)


def many(number: int, *lines: str) -> list[str]:
    return [an_event(*lines, uid=str(index)) for index in range(number)]


PIECES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["\r\n", ":", ";", ",", "=", '"', "9" * 12, "-", "TZID=", "00010101", "99991231T235959", "+2359"]
    ),
)
BOMB_ZONE = OUTLOOK_ZONE.replace("FREQ=YEARLY;INTERVAL=1", "FREQ=YEARLY;COUNT=200;BYMONTHDAY=1")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"", "not_a_calendar", id="nothing"),
        pytest.param(b"<html>", "not_a_calendar", id="something else"),
        pytest.param(b"\x00" * 100, "not_a_calendar", id="zeros"),
        pytest.param(b"BEGIN:VCALENDAR\nVERSION:2.0", "malformed", id="broken off"),
        pytest.param(b"BEGIN:VCALENDAR\n" + b"BEGIN:VALARM\n" * 10_000, "too_deep", id="nested"),
        pytest.param(b"BEGIN:VCALENDAR\n" * 10_000, "malformed", id="begun again and again"),
        pytest.param(a_file("BEGIN:VTODO\nEND:VTODO\n" * 10_001), "too_many", id="thousands of tasks"),
        pytest.param(a_file("X:" + "y" * 20_000_000), "too_large", id="20 MB"),
        pytest.param(a_file("\n" * 5_000_000), "too_large", id="millions of lines"),
        pytest.param(a_file("BEGIN:VEVENT\nEND:VEVENT\n" * 5_001), "too_many", id="thousands of events"),
        pytest.param(a_file("BEGIN:VTIMEZONE\nEND:VTIMEZONE\n" * 501), "too_many", id="hundreds of zones"),
        pytest.param(
            a_file(an_event(TIMED, "RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))))),
            "too_many",
            id="more than was asked for",
        ),
        pytest.param(
            a_file(
                *many(4_999, "DTSTART:00010101T000000Z", "RRULE:FREQ=DAILY;COUNT=99;BYMONTH=2;BYMONTHDAY=30")
            ),
            "too_much",
            id="rules that match nothing for two thousand years",
        ),
        pytest.param(
            a_file(an_event(TIMED, "EXDATE:" + ",".join(["20270104T090000Z"] * 250_000))),
            "too_much",
            id="a quarter of a million dates",
        ),
        pytest.param(
            a_file(
                BOMB_ZONE, *many(4_000, "DTSTART;TZID=Customized Time Zone:20270704T090000", "DURATION:PT1H")
            ),
            "too_much",
            id="a zone that counts its changes from 1601 on",
        ),
    ],
)
def test_a_file_that_is_refused_at_once(raw: bytes, code: str) -> None:
    began = perf_counter()
    with pytest.raises(Unreadable) as refused:
        busy(raw, first=FIRST, last=LAST, zone="Europe/Berlin", at_most=1_000)
    assert refused.value.code == code
    assert perf_counter() - began < 10


@given(st.data())
@settings(max_examples=examples(300), deadline=None)
def test_whatever_is_sent_is_read_or_refused(data: st.DataObject) -> None:
    lines = [
        OUTLOOK_ZONE,
        an_event(TIMED, "RRULE:FREQ=WEEKLY;COUNT=9", "EXDATE:20270111T080000Z"),
        an_event(TIMED),
    ]
    text = a_file(*lines).decode()
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 30))
        text = text[:at] + data.draw(PIECES) + text[at + gone :]
    try:
        taken = busy(
            text.encode("utf-8", "replace"), first=FIRST, last=LAST, zone="Europe/Berlin", at_most=99
        )
    except Unreadable:
        event("refused")
    else:
        event("read")
        assert all(one.start < one.end and one.uid for one in taken.ranges)
