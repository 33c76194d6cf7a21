"""Series as other programs write them: loose rules, changes from an occurrence on, periods, revisions, odd kinds of values."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.ics.loose_rule import cleaned
from tests.support.examples import examples
from tests.unit.scheduling.ics.files import BERLIN, fates, read, spans, vevent

NINE = ("DTSTART:20270503T090000Z", "DTEND:20270503T100000Z")
DAYS = ("DTSTART;VALUE=DATE:20270310", "DTEND;VALUE=DATE:20270311")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;INTERVAL=1;COUNT=2;BYDAY=MO;",
        ";FREQ=WEEKLY;COUNT=2;BYDAY=MO",
        "FREQ=WEEKLY;;COUNT=2",
        "RRULE:FREQ=WEEKLY;COUNT=2",
        " freq=weekly ; count=2 ",
        "FREQ=WEEKLY;COUNT=2;BYDAY=MO,MO,",
        "FREQ=WEEKLY;COUNT=2;FREQ=WEEKLY",
        "FREQ=WEEKLY;COUNT=2;BYDAY=",
        "FREQ=WEEKLY;COUNT=2;UNTIL=20280101T000000Z",
        "FREQ=WEEKLY;COUNT=9;UNTIL=20270510T090000Z",
        "RSCALE=GREGORIAN;FREQ=WEEKLY;COUNT=2;SKIP=OMIT",
    ],
)
def test_a_rule_that_is_written_loosely(rule: str) -> None:
    assert spans(vevent(*NINE, f"RRULE:{rule}")) == ["05-03T09:00/10:00", "05-10T09:00/10:00"]


def test_the_same_rule_twice_is_one_and_an_empty_one_is_none() -> None:
    twice = ["RRULE:FREQ=WEEKLY;COUNT=2", "RRULE:FREQ=WEEKLY;COUNT=2;"]
    assert len(spans(vevent(*NINE, *twice))) == 2
    assert spans(vevent(*NINE, "RRULE:")) == spans(vevent(*NINE, "RRULE:;")) == ["05-03T09:00/10:00"]


@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY;COUNT=2;COUNT=3", "FREQ=WEEKLY;BYDAY", "COUNT=2", "FREQ=WEEKLY;X=1"]
)
def test_a_contradiction_fails(rule: str) -> None:
    assert fates(vevent(*NINE, f"RRULE:{rule}"))[0].startswith("failed")


@given(
    st.permutations(["FREQ=MONTHLY", "BYDAY=1MO,-1FR", "INTERVAL=2", "COUNT=7"]),
    st.lists(st.integers(0, 4), max_size=4),
)
def test_a_loose_rule_says_what_the_strict_one_says(parts: list[str], doubled: list[int]) -> None:
    loose = parts[:]
    for at in doubled:
        loose.insert(at, (["", *parts])[at])
    text = ";".join(loose).replace(",", ",,").lower()
    assert spans(vevent(*NINE, f"RRULE:{text}")) == spans(vevent(*NINE, f"RRULE:{';'.join(parts)}"))
    assert set(cleaned(text).split(";")) == set(parts)


def test_a_change_of_all_that_follow() -> None:
    series = vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=5")
    later = vevent(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20270505T090000Z",
        "DTSTART:20270505T130000Z",
        "DTEND:20270505T143000Z",
        "SEQUENCE:1",
    )
    expected = [
        "05-03T09:00/10:00",
        "05-04T09:00/10:00",
        "05-05T13:00/14:30",
        "05-06T13:00/14:30",
        "05-07T13:00/14:30",
    ]
    assert spans(series, later) == spans(later, series) == expected
    single = vevent(
        "RECURRENCE-ID:20270506T090000Z", "DTSTART:20270506T170000Z", "DURATION:PT1H", "SEQUENCE:1"
    )
    assert spans(series, later, single) == [*expected[:3], "05-06T17:00/18:00", expected[4]]
    again = vevent(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20270507T090000Z", "DTSTART:20270508T060000Z", "DURATION:PT1H"
    )
    assert spans(series, later, again) == [*expected[:4], "05-08T06:00/07:00"]
    gone = vevent("RECURRENCE-ID;RANGE=THISANDFUTURE:20270505T090000Z", *NINE, "STATUS:CANCELLED")
    assert spans(series, gone) == expected[:2]


def test_a_change_of_all_that_follow_keeps_the_wall_clock() -> None:
    series = vevent(
        "DTSTART;TZID=Europe/Berlin:20270322T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3"
    )
    later = vevent(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20270322T090000",
        "DTSTART;TZID=Europe/Berlin:20270323T110000",
        "DURATION:PT2H",
    )
    assert spans(series, later) == ["03-23T10:00/12:00", "03-30T09:00/11:00", "04-06T09:00/11:00"]


def test_periods_have_their_own_length() -> None:
    event = vevent(
        "DTSTART:20270324T080000Z",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;COUNT=3",
        "RDATE;VALUE=PERIOD:20270325T120000Z/PT3H,20270326T120000Z/20270326T143000Z",
        "RDATE:20270327T120000Z",
    )
    assert spans(event) == [
        "03-24T08:00/09:00",
        "03-25T08:00/09:00",
        "03-25T12:00/15:00",
        "03-26T08:00/09:00",
        "03-26T12:00/14:30",
        "03-27T12:00/13:00",
    ]
    zoned = "RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20270325T130000/20270325T150000,20270327T130000/P1D"
    assert spans(vevent("DTSTART:20270324T080000Z", "DURATION:PT1H", zoned)) == [
        "03-24T08:00/09:00",
        "03-25T12:00/14:00",
        "03-27T12:00/03-28T11:00",
    ]


def test_a_period_that_an_occurrence_has_already_is_not_taken_twice() -> None:
    period = "RDATE;VALUE=PERIOD:20270503T090000Z/PT3H"
    assert spans(vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=2", period)) == [
        "05-03T09:00/12:00",
        "05-04T09:00/10:00",
    ]


SERIES = vevent("DTSTART;TZID=Europe/Berlin:20270308T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
ELSEWHERE = ("DTSTART:20270320T150000Z", "DURATION:PT1H")


@pytest.mark.parametrize(
    "original",
    [
        "RECURRENCE-ID;TZID=Europe/Berlin:20270315T090000",
        "RECURRENCE-ID:20270315T080000Z",
        "RECURRENCE-ID;TZID=America/New_York:20270315T040000",
        "RECURRENCE-ID;VALUE=DATE:20270315",
        "RECURRENCE-ID:20270315",
        "RECURRENCE-ID:20270315T090000",
    ],
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", BERLIN])
def test_an_occurrence_is_found_however_it_is_named(original: str, zone: str) -> None:
    moved = vevent(original, *ELSEWHERE)
    expected = ["03-08T08:00/09:00", "03-20T15:00/16:00", "03-22T08:00/09:00"]
    assert spans(SERIES, moved, zone=zone) == expected
    twice = vevent("RECURRENCE-ID:20270315T080000Z", *ELSEWHERE)
    assert spans(SERIES, moved, twice, zone=zone) == expected


@pytest.mark.parametrize(
    "exdate", ["EXDATE;VALUE=DATE:20270315", "EXDATE:20270315T090000", "EXDATE:20270315T080000Z,"]
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", BERLIN])
def test_an_occurrence_is_left_out_however_it_is_named(exdate: str, zone: str) -> None:
    series = SERIES.replace("END:", f"{exdate}\nEND:")
    assert spans(series, zone=zone) == ["03-08T08:00/09:00", "03-22T08:00/09:00"]


def test_a_day_that_is_left_out_is_left_out_with_all_its_times() -> None:
    rule = "RRULE:FREQ=DAILY;COUNT=4;BYHOUR=9,15"
    assert spans(vevent(*NINE, rule, "EXDATE;VALUE=DATE:20270503")) == [
        "05-04T09:00/10:00",
        "05-04T15:00/16:00",
    ]


@pytest.mark.parametrize(
    "zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", BERLIN, "Asia/Tokyo"]
)
@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["RRULE:FREQ=DAILY;UNTIL=20270312"], [10, 11, 12]),
        (["RRULE:FREQ=DAILY;UNTIL=20270312T000000Z"], [10, 11, 12]),
        (["RRULE:FREQ=DAILY;UNTIL=20270312T235959Z"], [10, 11, 12]),
        (["RRULE:FREQ=DAILY;UNTIL=20270312T000000"], [10, 11, 12]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20270311T000000Z"], [10, 12]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20270311T000000"], [10, 12]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20270311T000000"], [10, 12]),
        (["RDATE:20270315T000000Z"], [10, 15]),
    ],
)
def test_whole_days_whose_limits_are_times(zone: str, lines: list[str], days: list[int]) -> None:
    taken = read(vevent(*DAYS, *lines), zone=zone)
    assert sorted(one.start.astimezone(ZoneInfo(zone)).day for one in taken.ranges) == days


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York", BERLIN])
@pytest.mark.parametrize("original", ["20270311T000000Z", "20270311T000000", "20270311"])
def test_a_whole_day_that_is_named_by_a_time(zone: str, original: str) -> None:
    moved = vevent(f"RECURRENCE-ID:{original}", "DTSTART;VALUE=DATE:20270401")
    taken = read(vevent(*DAYS, "RRULE:FREQ=DAILY;COUNT=3"), moved, zone=zone)
    found = sorted(one.start.astimezone(ZoneInfo(zone)).strftime("%m-%d") for one in taken.ranges)
    assert found == ["03-10", "03-12", "04-01"]


def test_a_date_as_the_end_of_a_series_with_times_is_within() -> None:
    late = vevent(
        "DTSTART;TZID=America/New_York:20270503T220000", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20270504"
    )
    assert spans(late, zone="Asia/Tokyo") == ["05-04T02:00/03:00", "05-05T02:00/03:00"]


MOVED = ("RECURRENCE-ID:20270505T090000Z", "DTSTART:20270505T130000Z", "DURATION:PT1H")


@pytest.mark.parametrize(
    ("parts", "expected", "fate"),
    [
        pytest.param(
            [vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=3", "SEQUENCE:2"), vevent(*MOVED, "SEQUENCE:1")],
            ["05-03T09:00/10:00", "05-04T09:00/10:00", "05-05T13:00/14:00"],
            "booked",
            id="an older exception whose place is still there",
        ),
        pytest.param(
            [vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=2", "SEQUENCE:2"), vevent(*MOVED, "SEQUENCE:1")],
            ["05-03T09:00/10:00", "05-04T09:00/10:00"],
            "skipped older_revision",
            id="an older exception without a place",
        ),
        pytest.param(
            [vevent(*NINE, "SEQUENCE:2"), vevent(*MOVED, "SEQUENCE:1")],
            ["05-03T09:00/10:00"],
            "skipped older_revision",
            id="the series has become one event",
        ),
        pytest.param(
            [
                vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=3", "STATUS:CANCELLED", "SEQUENCE:2"),
                vevent(*MOVED, "SEQUENCE:1"),
            ],
            [],
            "skipped older_revision",
            id="the series was cancelled afterwards",
        ),
        pytest.param(
            [vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=2", "SEQUENCE:2"), vevent(*MOVED, "SEQUENCE:2")],
            ["05-03T09:00/10:00", "05-04T09:00/10:00", "05-05T13:00/14:00"],
            "booked",
            id="an exception of the same revision stands by itself",
        ),
    ],
)
def test_revisions_count_across_the_series(parts: list[str], expected: list[str], fate: str) -> None:
    assert spans(*parts) == spans(*reversed(parts)) == expected
    assert fates(*parts)[1] == fate


@given(
    st.sampled_from(
        ["FREQ=DAILY;COUNT=9", "FREQ=WEEKLY;COUNT=5", "FREQ=DAILY;INTERVAL=3;UNTIL=20270601T000000Z"]
    ),
    st.sets(st.integers(0, 8), max_size=4),
    st.integers(0, 3),
)
@settings(max_examples=examples(60), deadline=None)
def test_a_series_is_the_same_in_one_component_or_in_several_revisions(
    rule: str, gone: set[int], sequence: int
) -> None:
    names = [f"EXDATE;VALUE=DATE:202705{3 + day:02}" for day in gone]
    strict = vevent(*NINE, f"RRULE:{rule}", *names, f"SEQUENCE:{sequence + 1}")
    older = vevent(*NINE, "RRULE:FREQ=DAILY;COUNT=20", f"SEQUENCE:{sequence}")
    apart = [
        vevent(
            f"RECURRENCE-ID;VALUE=DATE:202705{3 + day:02}",
            *NINE,
            "STATUS:CANCELLED",
            f"SEQUENCE:{sequence + 1}",
        )
        for day in gone
    ]
    loose = vevent(*NINE, f"RRULE:;{rule.lower()};", f"SEQUENCE:{sequence + 1}")
    assert spans(strict) == spans(older, *apart, loose) == spans(loose, *reversed(apart), older)
