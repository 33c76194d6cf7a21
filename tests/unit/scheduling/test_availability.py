from datetime import date, timedelta

import pytest

from scheduling.availability import Availability, Policy, Rule, availability_of, open_spans
from tests.unit.scheduling.builders import (
    DAY,
    HALF_PAST_FIVE,
    HOUR,
    MIDNIGHT,
    NINE,
    TWELVE,
    at,
    every_day,
    hours,
    utc,
    weekdays,
)

MONDAY = date(2027, 3, 1)


def spans_of_day(availability: Availability, day: str) -> list[str]:
    """The open spans of one local day as `HH:MM/HH:MM` in UTC."""
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    first, last = (at(f"{one}T00:00", availability.timezone) for one in (day, following))
    spans = open_spans(availability, first, last)
    return [f"{utc(begins)[11:]}/{utc(ends)[11:]}" for begins, ends in spans]


@pytest.mark.parametrize(
    ("availability", "day", "expected"),
    [
        pytest.param(hours(weekdays()), "2027-03-01", ["08:00/16:30"], id="weekly hours in winter"),
        pytest.param(hours(weekdays()), "2027-07-05", ["07:00/15:30"], id="the wall clock in summer"),
        pytest.param(hours(weekdays()), "2027-03-06", [], id="no hours on a Saturday"),
        pytest.param(
            hours((Rule(0, NINE, TWELVE), Rule(0, 780, HALF_PAST_FIVE))),
            "2027-03-01",
            ["08:00/11:00", "12:00/16:30"],
            id="a break at noon",
        ),
        pytest.param(
            hours((Rule(0, TWELVE, 780), Rule(0, NINE, TWELVE))),
            "2027-03-01",
            ["08:00/12:00"],
            id="neighbours are merged, in whatever order they are given",
        ),
        pytest.param(
            hours((Rule(0, NINE, TWELVE, date(2027, 3, 1), date(2027, 3, 1)),)),
            "2027-03-01",
            ["08:00/11:00"],
            id="both dates of a rule are included",
        ),
        pytest.param(
            hours((Rule(0, NINE, TWELVE, date(2027, 3, 2)),)),
            "2027-03-01",
            [],
            id="before a rule is in effect",
        ),
        pytest.param(
            hours((Rule(0, NINE, TWELVE, None, date(2027, 2, 28)),)),
            "2027-03-01",
            [],
            id="after a rule was in effect the day is closed",
        ),
        pytest.param(hours(weekdays(), {MONDAY: ()}), "2027-03-01", [], id="an override closes a day"),
        pytest.param(
            hours(weekdays(), {MONDAY: ((600, 660),)}),
            "2027-03-01",
            ["09:00/10:00"],
            id="an override is instead of the weekly hours",
        ),
        pytest.param(
            hours(weekdays(), {date(2027, 3, 6): ((600, 660),)}),
            "2027-03-06",
            ["09:00/10:00"],
            id="extra hours on a Saturday",
        ),
        pytest.param(hours(), "2027-03-01", ["23:00/23:00"], id="without rules all day"),
        pytest.param(hours((), {MONDAY: ()}), "2027-03-01", [], id="without rules, but for a day off"),
        pytest.param(
            hours(every_day((120, 180))), "2027-03-28", [], id="hours that the spring skips are no time"
        ),
        pytest.param(
            hours(every_day((135, 165))),
            "2027-03-28",
            [],
            id="hours that lie wholly within the gap are no time",
        ),
        pytest.param(
            hours(every_day((150, 165), (180, 195))),
            "2027-03-28",
            ["01:00/01:15"],
            id="hours within the gap, and hours that follow them",
        ),
        pytest.param(
            hours(every_day((150, 165))),
            "2027-10-31",
            ["00:30/01:45"],
            id="from the earlier 02:30 to the later 02:45",
        ),
        pytest.param(
            hours(every_day((0, 60)), zone="America/Havana"),
            "2027-03-14",
            [],
            id="a day that begins at 01:00 has no first hour",
        ),
        pytest.param(
            hours(every_day((0, 30), (1_410, MIDNIGHT)), zone="America/Havana"),
            "2027-11-07",
            ["04:00/05:30", "04:30/05:00"],
            id="at midnight shown twice the day begins at the first",
        ),
    ],
)
def test_open_spans_of_a_day(availability: Availability, day: str, expected: list[str]) -> None:
    assert spans_of_day(availability, day) == expected


def test_a_night_is_one_span_over_midnight() -> None:
    night = hours(every_day((0, 360), (1_320, MIDNIGHT)))
    start = at("2027-03-01T12:00")
    assert open_spans(night, start, start + DAY) == [(at("2027-03-01T22:00"), at("2027-03-02T06:00"))]


def test_a_night_over_a_clock_change_is_as_long_as_it_is() -> None:
    night = hours(every_day((0, 360), (1_320, MIDNIGHT)))
    start = at("2027-03-27T12:00")
    ((first, last),) = open_spans(night, start, start + DAY)
    assert last - first == 7 * HOUR


def test_a_date_that_a_zone_skipped_has_no_hours() -> None:
    friday = hours((Rule(4, NINE, TWELVE),), zone="Pacific/Apia")
    start = at("2011-12-29T00:00", "Pacific/Apia")
    assert open_spans(friday, start, start + 3 * DAY) == []


def test_spans_are_cut_to_what_is_asked() -> None:
    start, end = at("2027-03-01T10:00"), at("2027-03-01T11:00")
    assert open_spans(hours(weekdays()), start, end) == [(start, end)]


def test_availability_of_its_json() -> None:
    found = availability_of(
        {
            "timezone": "Europe/Berlin",
            "rules": [
                {
                    "day_of_week": 0,
                    "start_time": "09:00",
                    "end_time": "24:00",
                    "is_active": True,
                    "effective_from": "2027-01-01",
                    "effective_until": None,
                },
                {"day_of_week": 1, "start_time": "09:00", "end_time": "17:00", "is_active": False},
            ],
            "overrides": [
                {
                    "date": "2027-03-29",
                    "ranges": [
                        {"start_time": "14:00", "end_time": "15:00"},
                        {"start_time": "10:00", "end_time": "12:00"},
                    ],
                }
            ],
            "policy": {"buffer_before": 5, "step": 20, "max_per_day": None},
        }
    )
    assert found == Availability(
        "Europe/Berlin",
        (Rule(0, NINE, MIDNIGHT, date(2027, 1, 1)),),
        {date(2027, 3, 29): ((600, 720), (840, 900))},
        Policy(buffer_before=5, step=20),
    )
