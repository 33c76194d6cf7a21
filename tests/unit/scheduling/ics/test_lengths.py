"""Lengths that are nothing, days that keep the wall clock, and invitations that their reader has declined."""

import pytest

from tests.unit.scheduling.ics.files import fates, read, spans, vevent

HOUR = ("DTSTART:20270310T090000Z", "DTEND:20270310T100000Z")


@pytest.mark.parametrize(
    "end",
    [
        [],
        ["DTEND;VALUE=DATE:20270310"],
        ["DTEND;VALUE=DATE:20270311"],
        ["DURATION:P1D"],
        ["DURATION:P0D"],
        ["DURATION:PT0S"],
        ["DURATION:PT24H"],
        ["DURATION:PT1H"],
    ],
)
def test_no_event_of_a_day_takes_nothing(end: list[str]) -> None:
    assert spans(vevent("DTSTART;VALUE=DATE:20270310", *end)) == ["03-09T23:00/03-10T23:00"]


def test_days_that_end_where_they_begin_recur() -> None:
    lines = ["DTSTART;VALUE=DATE:20270327", "DTEND;VALUE=DATE:20270327", "RRULE:FREQ=DAILY;COUNT=2"]
    assert spans(vevent(*lines)) == ["03-26T23:00/03-27T23:00", "03-27T23:00/03-28T22:00"]


@pytest.mark.parametrize(
    ("length", "spring", "autumn"),
    [
        ("DURATION:P1D", "03-27T08:00/03-28T07:00", "10-30T07:00/10-31T08:00"),
        ("DURATION:PT24H", "03-27T08:00/03-28T08:00", "10-30T07:00/10-31T07:00"),
        ("DURATION:P1DT1H", "03-27T08:00/03-28T08:00", "10-30T07:00/10-31T09:00"),
    ],
)
def test_days_of_a_duration_keep_the_wall_clock_in_a_series(length: str, spring: str, autumn: str) -> None:
    series = ["DTSTART;TZID=Europe/Berlin:20270320T090000", length, "RRULE:FREQ=WEEKLY;COUNT=2"]
    assert spans(vevent(*series))[1] == spring
    series[0] = "DTSTART;TZID=Europe/Berlin:20271023T090000"
    assert spans(vevent(*series))[1] == autumn


def test_a_week_keeps_the_wall_clock_and_an_end_keeps_elapsed_time() -> None:
    week = [
        "DTSTART;TZID=Europe/Berlin:20270313T090000",
        "DURATION:P1W",
        "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2",
    ]
    assert spans(vevent(*week))[1] == "03-27T08:00/04-03T07:00"
    ended = [
        "DTSTART;TZID=Europe/Berlin:20270320T090000",
        "DTEND;TZID=Europe/Berlin:20270321T090000",
        "RRULE:FREQ=WEEKLY;COUNT=2",
    ]
    assert spans(vevent(*ended))[1] == "03-27T08:00/03-28T08:00"


@pytest.mark.parametrize(
    ("people", "fate"),
    [
        (["ATTENDEE;PARTSTAT=DECLINED:mailto:jonas@example.org"], "skipped declined"),
        (["ATTENDEE;PARTSTAT=DECLINED:MAILTO:Jonas@Example.ORG"], "skipped declined"),
        (["ATTENDEE;PARTSTAT=declined;EMAIL=jonas@example.org:urn:uuid:1"], "skipped declined"),
        (["ATTENDEE;PARTSTAT=ACCEPTED:mailto:jonas@example.org"], "booked"),
        (["ATTENDEE;PARTSTAT=TENTATIVE:mailto:jonas@example.org"], "booked"),
        (["ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:jonas@example.org"], "booked"),
        (["ATTENDEE:mailto:jonas@example.org"], "booked"),
        (["ATTENDEE;PARTSTAT=DECLINED:mailto:mira@example.org"], "booked"),
        (
            ["ATTENDEE;PARTSTAT=DECLINED:mailto:jonas@example.org", "ATTENDEE:mailto:jonas@example.org"],
            "booked",
        ),
        (['ATTENDEE;CN=a "b;PARTSTAT=DECLINED:mailto:jonas@example.org'], "booked"),
    ],
)
def test_only_what_the_reader_has_declined_is_free(people: list[str], fate: str) -> None:
    event = vevent(*HOUR, "ORGANIZER:mailto:o@example.org", *people)
    assert fates(event, reader=["JONAS@example.org"]) == [fate]
    assert read(event, reader=["JONAS@example.org"]).removed == ([] if fate == "booked" else ["one"])
    assert fates(event) == ["booked"]


def test_an_occurrence_may_be_declined_or_accepted_by_itself() -> None:
    declined, accepted = (
        f"ATTENDEE;PARTSTAT={answer}:mailto:j@example.org" for answer in ("DECLINED", "ACCEPTED")
    )
    rule, original = "RRULE:FREQ=DAILY;COUNT=3", "RECURRENCE-ID:20270311T090000Z"
    times = ("DTSTART:20270311T090000Z", "DURATION:PT1H")
    series, one = vevent(*HOUR, rule, accepted), vevent(original, *times, declined)
    assert spans(series, one, reader=["j@example.org"]) == ["03-10T09:00/10:00", "03-12T09:00/10:00"]
    series, one = vevent(*HOUR, rule, declined), vevent(original, *times, accepted)
    assert spans(series, one, reader=["j@example.org"]) == ["03-11T09:00/10:00"]
