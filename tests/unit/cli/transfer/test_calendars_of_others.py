"""`appointments import` of calendars: every component accounted for, and series at the times that their file means."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from cli.transfer.files import Source
from cli.transfer.import_command import Moving
from cli.transfer.importing.planning import Planned
from cli.transfer.recurring import recurrence_in
from cli.transfer.tally import Report, Tally
from scheduling.recurrence import starts
from tests.unit.cli.transfer.cast import JONAS, MIRA, roster
from tests.unit.scheduling.ics.files import a_file, fates, part, vevent
from tests.unit.scheduling.ics.test_zones_of_others import LAST_OF_MARCH, LAST_OF_OCTOBER, changing

NOW = datetime(2027, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
HOUR = ("DTSTART:20270310T090000Z", "DTEND:20270310T100000Z")
NINE = ("DTSTART:20270503T090000Z", "DTEND:20270503T100000Z")


@pytest.fixture(autouse=True)
def _now() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def moving(tmp_path: Path, *parts: str, raw: bytes = b"") -> Moving:
    """An import of Jonas."""
    file = tmp_path / "one.ics"
    file.write_bytes(raw or a_file(*parts))
    return Moving(Source.of(file, None), roster(), JONAS, 1)


def checked(tmp_path: Path, *parts: str) -> tuple[Tally, list[dict[str, str]]]:
    """The result of a dry run, and its report."""
    with Report(tmp_path / "report.ndjson") as report:
        tally = moving(tmp_path, *parts).check(report)
    lines = (tmp_path / "report.ndjson").read_text().splitlines()
    return tally, [json.loads(line) for line in lines]


def instant(text: str) -> datetime:
    """A time with an offset, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def booked(tmp_path: Path, *parts: str) -> list[str]:
    """When the appointments of a file would take place (UTC), their single changes applied."""
    found = []
    for plan in moving(tmp_path, *parts).plans():
        assert isinstance(plan, Planned), plan
        body = plan.body
        first, last = (datetime.fromisoformat(body[name]) for name in ("start_time", "end_time"))
        length = last - first
        if "recurring_pattern" not in body:
            found.append((first.astimezone(UTC), first.astimezone(UTC) + length))
            continue
        changed = {
            datetime.fromisoformat(one["original_start_time"]).astimezone(UTC): one
            for one in plan.entry.changes
        }
        series = recurrence_in(body, body.get("timezone") or JONAS.timezone)
        for start in starts(series, until=END, at_most=750):
            own = changed.pop(start, None)
            if own is None:
                found.append((start, start + length))
            else:
                found.append((instant(own["start_time"]), instant(own["end_time"])))
        assert not changed
    return [f"{start:%m-%dT%H:%M}/{end:%H:%M}" for start, end in sorted(found)]


FILE = [
    vevent(*HOUR, uid="good"),
    vevent("DTSTART:20200310T090000Z", "DURATION:PT1H", uid="over"),
    vevent(*HOUR, 'ORGANIZER;CN=The "quoted" one:mailto:x@else.example', uid="odd"),
    vevent(*HOUR, "RRULE:FREQ=DAILY;COUNT=2;", uid="loose"),
    vevent("DTSTART:20270310T090000Z", "DTEND:20270310T080000Z", uid="backwards"),
    part("VTODO", "UID:task"),
    vevent(*HOUR, f"ATTENDEE;PARTSTAT=DECLINED:mailto:{JONAS.email.upper()}", uid="declined"),
    vevent(*HOUR, "TRANSP:TRANSPARENT", uid="free"),
    vevent(*HOUR, "STATUS:CANCELLED", uid="cancelled"),
    vevent("DTSTART:20270310T090000Z", uid="moment"),
    vevent("DTSTART;TZID=Nowhere:20270310T090000", "DURATION:PT1H", uid="guessed"),
    vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=5", uid="series"),
    vevent("RECURRENCE-ID:20270504T090000Z", *HOUR, uid="series"),
    vevent("RECURRENCE-ID:20270505T090000Z", "DTSTART:never", uid="series"),
    vevent("DTSTART:20200310T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", uid="old"),
    vevent("RECURRENCE-ID:20200311T090000Z", "DTSTART:20200312T090000Z", "DURATION:PT1H", uid="old"),
]


def test_every_component_is_counted_and_each_that_is_not_booked_is_named(tmp_path: Path) -> None:
    tally, report = checked(tmp_path, *FILE)
    assert tally.document()["components"] == {"total": 16, "booked": 6, "skipped": 8, "failed": 2}
    assert not tally.complete
    left_out = {(one["place"], one["outcome"], one["code"]) for one in report if one["outcome"] != "note"}
    assert left_out == {
        ("component 2", "skipped", "over"),
        ("component 5", "failed", "ends_before_start"),
        ("component 6", "skipped", "not_an_event"),
        ("component 7", "skipped", "declined"),
        ("component 8", "skipped", "free"),
        ("component 9", "skipped", "cancelled"),
        ("component 10", "skipped", "no_length"),
        ("component 14", "failed", "bad_value"),
        ("component 15", "skipped", "over"),
        ("component 16", "skipped", "over"),
    }
    assert {(one["place"], one["code"]) for one in report if one["outcome"] == "note"} >= {
        ("component 11", "zone_guessed"),
        ("component 3", "unknown_user"),
    }
    assert {one["kind"] for one in report if one["outcome"] != "note"} == {"VEVENT", "VTODO"}


def test_the_command_line_and_http_say_the_same(tmp_path: Path) -> None:
    tally, _ = checked(tmp_path, *FILE)
    found = fates(*FILE, reader=[JONAS.email], first=NOW)
    counts = tally.document()["components"]
    assert counts["total"] == len(found)
    for fate in ("booked", "skipped", "failed"):
        assert counts[fate] == sum(one.startswith(fate) for one in found), fate


def test_what_is_skipped_on_purpose_is_no_failure(tmp_path: Path) -> None:
    tally, _ = checked(tmp_path, *FILE[:4], part("VTODO", "UID:task"))
    assert tally.complete


LATER = (
    "RECURRENCE-ID;RANGE=THISANDFUTURE:20270505T090000Z",
    "DTSTART:20270505T130000Z",
    "DTEND:20270505T143000Z",
)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(
            [vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=5"), vevent(*LATER, "SEQUENCE:1")],
            ["05-03T09:00/10:00", "05-04T09:00/10:00", *(f"05-{day:02}T13:00/14:30" for day in (5, 6, 7))],
            id="a change of all that follow",
        ),
        pytest.param(
            [
                vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=5", "EXDATE:20270506T090000Z"),
                vevent(*LATER),
                vevent("RECURRENCE-ID:20270507T090000Z", "DTSTART:20270507T150000Z", "DURATION:PT1H"),
            ],
            ["05-03T09:00/10:00", "05-04T09:00/10:00", "05-05T13:00/14:30", "05-07T15:00/16:00"],
            id="one that was left out behind it, and one that differs",
        ),
        pytest.param(
            [
                vevent(*NINE, "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4"),
                vevent(
                    "RECURRENCE-ID;RANGE=THISANDFUTURE:20270505T090000Z",
                    "DTSTART:20270506T130000Z",
                    "DURATION:PT1H",
                ),
            ],
            ["05-03T09:00/10:00", "05-06T13:00/14:00", "05-11T13:00/14:00", "05-13T13:00/14:00"],
            id="to other days",
        ),
        pytest.param(
            [
                vevent(
                    "DTSTART:20270324T080000Z",
                    "DURATION:PT1H",
                    "RRULE:FREQ=DAILY;COUNT=3",
                    "RDATE;VALUE=PERIOD:20270325T120000Z/PT3H,20270326T120000Z/20270326T143000Z",
                    "RDATE:20270327T120000Z",
                )
            ],
            [
                "03-24T08:00/09:00",
                "03-25T08:00/09:00",
                "03-25T12:00/15:00",
                "03-26T08:00/09:00",
                "03-26T12:00/14:30",
                "03-27T12:00/13:00",
            ],
            id="periods",
        ),
        pytest.param(
            [vevent(*NINE, "RRULE:;FREQ=WEEKLY;INTERVAL=1;COUNT=2;BYDAY=MO;")],
            ["05-03T09:00/10:00", "05-10T09:00/10:00"],
            id="a loose rule",
        ),
        pytest.param(
            [
                vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=4;BYHOUR=9,15", "EXDATE;VALUE=DATE:20270503"),
                vevent("RECURRENCE-ID;VALUE=DATE:20270504", *NINE, "STATUS:CANCELLED"),
            ],
            ["05-04T15:00/16:00"],
            id="a day that is left out",
        ),
        pytest.param(
            [
                vevent(
                    "DTSTART;TZID=Europe/Berlin:20270320T090000", "DURATION:P1D", "RRULE:FREQ=WEEKLY;COUNT=2"
                )
            ],
            ["03-20T08:00/08:00", "03-27T08:00/07:00"],
            id="a day that keeps the wall clock",
        ),
        pytest.param(
            [vevent("DTSTART;VALUE=DATE:20270310", "RRULE:FREQ=DAILY;UNTIL=20270311T000000Z")],
            ["03-09T23:00/23:00", "03-10T23:00/23:00"],
            id="whole days until an instant",
        ),
    ],
)
def test_series_stand_at_the_times_that_the_file_means(
    tmp_path: Path, parts: list[str], expected: list[str]
) -> None:
    assert booked(tmp_path, *parts) == expected


ODD_ZONE = changing("Mine", "+0330", "+0500", LAST_OF_OCTOBER, LAST_OF_MARCH)
MINE = vevent("DTSTART;TZID=Mine:20270320T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
AUTUMN = MINE.replace("20270320", "20271025")


@pytest.mark.parametrize(
    ("zone", "spring", "autumn"),
    [
        pytest.param(
            ODD_ZONE,
            ["03-20T05:30", "03-27T05:30"],
            ["10-25T04:00", "11-01T05:30"],
            id="like no place on Earth",
        ),
        pytest.param(
            changing(
                "Mine",
                "-0500",
                "-0400",
                "FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
                "FREQ=YEARLY;BYDAY=2SU;BYMONTH=3",
            ),
            ["03-20T13:00", "03-27T13:00"],
            ["10-25T13:00", "11-01T13:00"],
            id="like New York",
        ),
    ],
)
def test_a_series_in_a_described_zone_stands_at_the_instants_of_the_file(
    tmp_path: Path, zone: str, spring: list[str], autumn: list[str]
) -> None:
    for event, expected in ((MINE, spring), (AUTUMN, autumn)):
        assert [one[:11] for one in booked(tmp_path, zone, event)] == expected
    over = MINE.replace("COUNT=2", "COUNT=40")
    found = booked(tmp_path, zone, over)
    assert len(found) == 40
    hours = {one[6:11] for one in found}
    assert hours == ({"05:30", "04:00"} if zone is ODD_ZONE else {"13:00", "14:00"})


def test_a_series_without_an_end_in_a_zone_like_none_is_cut_and_noted(tmp_path: Path) -> None:
    tally, report = checked(tmp_path, ODD_ZONE, MINE.replace(";COUNT=2", ""))
    assert tally.document()["components"]["booked"] == 1
    assert [one["code"] for one in report] == ["cut"]
    tally, report = checked(tmp_path, ODD_ZONE, MINE.replace("WEEKLY;COUNT=2", "DAILY"))
    assert [(one["outcome"], one["code"]) for one in report] == [("failed", "too_many")]


def test_an_occurrence_that_was_declined_is_left_out(tmp_path: Path) -> None:
    declined = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{JONAS.email}"
    others = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{MIRA.email}"
    series = vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=3", others)
    single = vevent("RECURRENCE-ID:20270504T090000Z", *NINE, declined)
    assert booked(tmp_path, series, single) == ["05-03T09:00/10:00", "05-05T09:00/10:00"]
