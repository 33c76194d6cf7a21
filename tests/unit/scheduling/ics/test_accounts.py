"""Every component of a file is accounted for: booked, skipped with a reason, or failed with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.ics.reading import Fate, Unreadable, busy
from tests.unit.scheduling.ics.files import FIRST, LAST, a_file, fates, part, read, vevent

HOUR = ("DTSTART:20270310T090000Z", "DTEND:20270310T100000Z")
ZONE = part(
    "VTIMEZONE",
    "TZID:Z",
    part("STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100"),
)


@pytest.mark.parametrize(
    ("component", "fate"),
    [
        pytest.param(vevent(*HOUR), "booked", id="an hour"),
        pytest.param(vevent("DTSTART:20200310T090000Z", "DURATION:PT1H"), "skipped over", id="over"),
        pytest.param(vevent("DTSTART:20400310T090000Z", "DURATION:PT1H"), "skipped too_far", id="far away"),
        pytest.param(vevent(*HOUR, "TRANSP:TRANSPARENT"), "skipped free", id="shown as free"),
        pytest.param(vevent(*HOUR, "STATUS:CANCELLED"), "skipped cancelled", id="cancelled"),
        pytest.param(vevent("DTSTART:20270310T090000Z"), "skipped no_length", id="no length"),
        pytest.param(part("VTODO", "UID:t", "DUE:20270310T090000Z"), "skipped not_an_event", id="a task"),
        pytest.param(part("X-NOTE", "X-TEXT:hello"), "skipped not_an_event", id="something else"),
        pytest.param(vevent("DTEND:20270310T100000Z"), "failed no_start", id="no start"),
        pytest.param(vevent("DTSTART:tomorrow"), "failed bad_value", id="no time"),
        pytest.param(vevent(*HOUR, "EXDATE:never"), "failed bad_value", id="no date"),
        pytest.param(
            vevent("DTSTART:20270310T090000Z", "DTEND:20270310T080000Z"),
            "failed ends_before_start",
            id="backwards",
        ),
        pytest.param(
            vevent("DTSTART:20270310T090000Z", "DTEND;VALUE=DATE:20270311"),
            "failed mixed_times",
            id="two kinds",
        ),
        pytest.param(vevent(*HOUR, "RRULE:FREQ=SECONDLY"), "failed unsupported_frequency", id="every second"),
        pytest.param(vevent(*HOUR, "RRULE:FREQ=DAILY;COUNT=999999"), "failed too_many", id="a million times"),
        pytest.param(
            vevent(*HOUR, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "failed several_rules", id="two rules"
        ),
        pytest.param(vevent(*HOUR, "EXRULE:FREQ=DAILY"), "failed exrule", id="a rule of exceptions"),
        pytest.param(
            vevent("DTSTART:99991231T235959Z", "DURATION:PT1H"), "failed out_of_range", id="the end of time"
        ),
        pytest.param(vevent(*HOUR, 'UID;X="a"b":c'), "failed malformed", id="a line that cannot be read"),
        pytest.param(
            vevent(*HOUR, "RECURRENCE-ID;RANGE=THISANDPRIOR:20270310T090000Z"),
            "failed range",
            id="a range backwards",
        ),
    ],
)
def test_each_component_has_its_fate_and_its_neighbours_are_booked(component: str, fate: str) -> None:
    around = [ZONE, vevent(*HOUR, uid="before"), component, vevent(*HOUR, uid="after")]
    taken = read(*around)
    assert fates(*around) == ["booked", fate, "booked"]
    assert taken.counts["total"] == sum(taken.counts[one] for one in Fate) == 3
    for one in taken.left_out:
        assert (one.number, one.place, bool(one.code and one.detail)) == (2, "component 2", True)
    assert {"before", "after"} <= {one.uid for one in taken.ranges}


def test_a_revision_that_a_newer_one_replaces_is_skipped() -> None:
    newer = vevent("SEQUENCE:2", "DTSTART:20270501T080000Z", "DURATION:PT1H")
    assert fates(newer, vevent(*HOUR, "SEQUENCE:1")) == ["booked", "skipped older_revision"]


def test_an_occurrence_that_differs_has_the_fate_of_its_series() -> None:
    series = vevent(*HOUR, "RRULE:FREQ=WEEKLY;COUNT=3")
    cancelled = vevent("RECURRENCE-ID:20270317T090000Z", *HOUR, "STATUS:CANCELLED")
    assert fates(series, cancelled) == ["booked", "booked"]
    over = [one.replace("2027", "2020") for one in (series, cancelled)]
    assert fates(*over) == ["skipped over", "skipped over"]


def test_an_occurrence_that_cannot_be_read_fails_and_does_not_stand_at_its_old_time() -> None:
    series = vevent(*HOUR, "RRULE:FREQ=WEEKLY;COUNT=2")
    moved = vevent("RECURRENCE-ID:20270317T090000Z", "DTSTART:later")
    assert fates(series, moved) == ["booked", "failed bad_value"]
    assert [f"{one.start:%d}" for one in read(series, moved).ranges] == ["10"]


COMPONENTS = st.sampled_from(
    [
        vevent(*HOUR),
        vevent(*HOUR, "SEQUENCE:3", "RRULE:FREQ=DAILY;COUNT=3"),
        vevent(*HOUR, "RRULE:FREQ=DAILY;COUNT=3;"),
        vevent(*HOUR, "RRULE:FREQ=NEVER"),
        vevent("RECURRENCE-ID:20270311T090000Z", "DTSTART:20270401T090000Z", "DURATION:PT1H"),
        vevent(
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20270311T090000Z", "DTSTART:20270311T120000Z", "DURATION:P1D"
        ),
        vevent("RECURRENCE-ID;VALUE=DATE:20270311", "DTSTART;VALUE=DATE:20270312"),
        vevent("RECURRENCE-ID:nothing", *HOUR),
        vevent("DTSTART;VALUE=DATE:20270310", "RRULE:FREQ=DAILY;UNTIL=20270312T000000Z", uid="days"),
        vevent("DTSTART;VALUE=DATE:20270310", "RECURRENCE-ID:20270311T000000Z", uid="days"),
        vevent(*HOUR, "STATUS:CANCELLED", "SEQUENCE:9"),
        part("VTODO", "UID:todo"),
        "BEGIN:VEVENT\nUID:open",
        "END:VEVENT",
        ZONE,
    ]
)


@given(st.lists(COMPONENTS, max_size=7))
def test_the_counts_add_up_whatever_stands_together(parts: list[str]) -> None:
    taken = read(*parts)
    # An end without a beginning may end an open one; else each begins exactly one component.
    begun = sum(part.startswith("BEGIN") and part != ZONE for part in parts)
    assert taken.counts["total"] == begun == sum(taken.counts[one] for one in Fate)
    assert [one.number for one in taken.results] == list(range(1, begun + 1))
    assert all(one.code and one.detail for one in taken.left_out)
    assert len({(one.uid, one.start) for one in taken.ranges}) == len(taken.ranges)
    assert not {one.uid for one in taken.ranges} & set(taken.removed)


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        pytest.param(a_file(vevent(*HOUR)), True, id="whole"),
        pytest.param(a_file(vevent(*HOUR)).removesuffix(b"END:VCALENDAR\r\n"), False, id="no end"),
    ],
)
def test_a_file_that_is_broken_off_says_so(raw: bytes, whole: bool) -> None:
    taken = busy(raw, first=FIRST, last=LAST, zone="UTC", at_most=9)
    assert (taken.complete, taken.counts["booked"]) == (whole, 1)
    assert [note.code for note in taken.notes] == ([] if whole else ["broken_off"])


def test_a_component_that_is_broken_off_fails() -> None:
    raw = (
        a_file(vevent(*HOUR, uid="good"))[: -len(b"END:VCALENDAR\r\n")]
        + b"BEGIN:VEVENT\r\nUID:half\r\nDTSTART:2027"
    )
    taken = busy(raw, first=FIRST, last=LAST, zone="UTC", at_most=9)
    assert [(one.uid, one.fate, one.code) for one in taken.results] == [
        ("good", "booked", ""),
        ("half", "failed", "malformed"),
    ]


def test_nothing_but_the_beginning_of_a_calendar_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        busy(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", first=FIRST, last=LAST, zone="UTC", at_most=9)
    assert refused.value.code == "malformed"
