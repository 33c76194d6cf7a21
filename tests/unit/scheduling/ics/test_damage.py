"""Damage in a file costs no more than the line or the component in which it stands."""

import pytest

from scheduling.ics.reading import busy, components
from tests.unit.scheduling.ics.files import FIRST, LAST, a_file, part, read, spans, vevent

HOUR = ("DTSTART:20270310T090000Z", "DTEND:20270310T100000Z")
TAKEN = ["03-10T09:00/10:00"]


@pytest.mark.parametrize(
    "line",
    [
        'ORGANIZER;CN=The "quoted" presenter:mailto:p@else.example',
        'ORGANIZER;CN=Open Air \\"Windmill e.V.\\":MAILTO:noreply@else.example',
        'ATTENDEE;CN=Mira;PARTSTAT=ACCEPTED;X-RESPONSE-COMMENT="I said "yes" today":mailto:mira@else.example',
        'SUMMARY;X="a"b":c',
        'DESCRIPTION;ALTREP="x:y',
        'LOCATION;;:"',
        'URL;="',
        "ATTENDEE;CN=a b;c:d",
        'DTSTAMP;X="a"b":20270101T000000Z',
        "no line of a calendar",
        ":",
        ";",
        "=",
        "-" * 70_000 + ":x",
        "END:VALARM",
    ],
)
def test_an_odd_line_that_says_nothing_about_the_time_leaves_the_time_taken(line: str) -> None:
    assert spans(vevent(*HOUR, line)) == TAKEN
    assert read(vevent(*HOUR, line)).counts["booked"] == 1


@pytest.mark.parametrize(
    ("lines", "people"),
    [
        (['ORGANIZER;CN=The "quoted" one:mailto:x@else.example'], "x@else.example"),
        (['ORGANIZER;CN="a:mailto:b" c" d:MAILTO:y@else.example'], "y@else.example"),
    ],
)
def test_the_address_of_an_odd_line_is_read_all_the_same(lines: list[str], people: str) -> None:
    [event] = components(a_file(vevent(*HOUR, *lines)))[0].events
    assert event.organizer == people
    assert event.notes == ()


def test_a_line_that_was_left_out_is_noted() -> None:
    [note] = read(vevent(*HOUR, 'SUMMARY;X="a"b":c')).notes
    assert (note.place, note.code) == ("component 1", "left_out")
    assert "SUMMARY" in note.detail


@pytest.mark.parametrize("around", [b"", b"x" * 62, b"x" * 20])
def test_a_line_folded_within_a_character(around: bytes) -> None:
    raw = a_file(vevent(*HOUR, "SUMMARY:@"))
    folded = raw.replace(b"@", around + b"\xc3\r\n \xa9 and \xe2\r\n\t\x82\r\n \xac on")
    [event] = components(folded)[0].events
    assert event.summary == f"{around.decode()}é and € on"
    assert event.notes == ()


@pytest.mark.parametrize(
    "line", [b"SUMMARY:M\xfcnchen", b"X-NOTE:\xff\xfe", b"DESCRIPTION:\xe2\x82", b"UID:\xff", b"\xff:\xfe"]
)
def test_a_bad_byte_costs_its_text_at_most(line: bytes) -> None:
    raw = a_file(vevent(*HOUR, "SUMMARY:@"), vevent(*HOUR, uid="two"))
    taken = busy(raw.replace(b"SUMMARY:@", line), first=FIRST, last=LAST, zone="UTC", at_most=9)
    assert taken.counts == {"total": 2, "booked": 2, "skipped": 0, "failed": 0}
    assert len(taken.ranges) == 2
    for uid in (one.uid for one in taken.ranges):
        uid.encode()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(["END:VEVENT"], id="an end without a beginning"),
        pytest.param(["END:VCALENDAR", "junk", ":"], id="junk after the end"),
        pytest.param(["BEGIN:VEVENT", "UID:open", "DTSTART:2027"], id="an event without an end"),
        pytest.param(["BEGIN:VEVENT", "BEGIN:VALARM", "UID:open"], id="an alarm without an end"),
        pytest.param(["BEGIN:VTIMEZONE", "BEGIN:STANDARD", "TZID:x"], id="a zone without an end"),
        pytest.param(["BEGIN:VCALENDAR"], id="a calendar within a calendar"),
        pytest.param(
            ["BEGIN:", "END:", "BEGIN: ", "BEGIN:\udcff".encode("utf-8", "replace").decode()], id="no names"
        ),
        pytest.param([part("VTIMEZONE", "TZID:x", "nonsense")], id="a zone without a clock"),
        pytest.param(
            [part("X-THING", part("X-OTHER", "a:b", vevent()), "c")], id="components of other kinds"
        ),
        pytest.param([part("VALARM", "TRIGGER:-PT5M")], id="an alarm of nothing"),
        pytest.param([vevent("DTSTART:nonsense", uid="bad")], id="an event that cannot be read"),
        pytest.param([vevent(*HOUR, "RRULE:FREQ=MINUTELY", uid="bad")], id="a rule that cannot be read"),
        pytest.param([vevent('DTSTART;X="a"b":20270310T090000Z', uid="odd")], id="a time with odd quotes"),
    ],
)
def test_a_good_event_stays_taken_whatever_stands_around_it(parts: list[str]) -> None:
    for whole in (
        [vevent(*HOUR, uid="good"), *parts],
        [*parts, vevent(*HOUR, uid="good")],
        [*parts, vevent(*HOUR, uid="good"), *parts],
    ):
        assert "good" in {one.uid for one in read(*whole).ranges}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\n\n" + a_file(vevent(*HOUR)), id="blank lines before it"),
        pytest.param(b"junk\r\n" + a_file(vevent(*HOUR)), id="junk before it"),
        pytest.param(b"\xef\xbb\xbf" + a_file(vevent(*HOUR)), id="a byte order mark"),
        pytest.param(a_file(vevent(*HOUR)).replace(b"\r\n", b"\n"), id="LF"),
        pytest.param(a_file(vevent(*HOUR)).replace(b"\r\n", b"\r"), id="CR"),
        pytest.param(a_file(vevent(*HOUR)).replace(b"\r\n", b"\r\r\n"), id="CR CR LF"),
        pytest.param(a_file(vevent(*HOUR)).decode().encode("utf-16"), id="UTF-16"),
        pytest.param(
            a_file(vevent(*HOUR)).replace(b"BEGIN", b"begin").replace(b"END:", b"end:"), id="small letters"
        ),
        pytest.param(vevent(*HOUR).encode() + b"\n" + a_file(), id="an event before its calendar"),
        pytest.param(a_file() + vevent(*HOUR).encode(), id="an event behind its calendar"),
    ],
)
def test_a_file_that_is_a_little_odd(raw: bytes) -> None:
    taken = busy(raw, first=FIRST, last=LAST, zone="UTC", at_most=9)
    assert [one.uid for one in taken.ranges] == ["one"]
