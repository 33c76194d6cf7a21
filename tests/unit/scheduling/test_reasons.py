from datetime import date

import pytest

from scheduling.reasons import explain, reasons_against
from scheduling.slots import Person, Taken, offers
from tests.unit.scheduling.builders import (
    DAY,
    HOUR,
    MIDNIGHT,
    MINUTE,
    NINE,
    TWELVE,
    a_person,
    at,
    every_day,
    hours,
    shown,
    weekdays,
)

NOW = at("2027-02-20T12:00")
TEN = at("2027-03-01T10:00")
HALF_PAST_TEN = TEN + 30 * MINUTE
MONDAY = date(2027, 3, 1)


@pytest.mark.parametrize(
    ("person", "code", "detail"),
    [
        pytest.param(
            a_person(hours((*weekdays(),)[1:])),
            "outside_hours",
            "There are no hours on Mondays (Europe/Berlin).",
            id="a weekday without hours",
        ),
        pytest.param(
            a_person(hours(every_day((NINE, 600), (615, TWELVE), (780, MIDNIGHT)))),
            "outside_hours",
            "The hours on Mondays are 09:00–10:00, 10:15–12:00 and 13:00–24:00 (Europe/Berlin).",
            id="partly outside the hours",
        ),
        pytest.param(
            a_person(hours(weekdays(), {MONDAY: ()})),
            "day_closed",
            "2027-03-01 is closed (Europe/Berlin).",
            id="a day off",
        ),
        pytest.param(
            a_person(hours(weekdays(), {MONDAY: ((TWELVE, 840),)})),
            "outside_override",
            "The hours on 2027-03-01 are 12:00–14:00 (Europe/Berlin).",
            id="other hours on that date",
        ),
        pytest.param(
            a_person(hours(), (TEN + 15 * MINUTE, TEN + HOUR)),
            "busy",
            "There is another appointment from 2027-03-01 10:15 to 11:00 (Europe/Berlin).",
            id="an appointment",
        ),
        pytest.param(
            a_person(hours(), Taken(TEN, HALF_PAST_TEN, "hold")),
            "held",
            "The time is on hold from 2027-03-01 10:00 to 10:30 (Europe/Berlin).",
            id="a hold",
        ),
        pytest.param(
            a_person(hours(), Taken(TEN - DAY, TEN + DAY, "elsewhere")),
            "busy_elsewhere",
            "The time is taken in another calendar from 2027-02-28 10:00 to 2027-03-02 10:00 (Europe/Berlin).",
            id="another calendar",
        ),
        pytest.param(
            a_person(hours(buffer_before=10, buffer_after=5), (TEN - HOUR, TEN - 14 * MINUTE)),
            "buffer",
            "15 minutes must stay free between two appointments; "
            "time is taken from 2027-03-01 09:00 to 09:46 (Europe/Berlin).",
            id="too near to one before",
        ),
        pytest.param(
            a_person(hours(buffer_after=1), (HALF_PAST_TEN, HALF_PAST_TEN + HOUR)),
            "buffer",
            "1 minute must stay free between two appointments; "
            "time is taken from 2027-03-01 10:30 to 11:30 (Europe/Berlin).",
            id="too near to one after",
        ),
        pytest.param(
            a_person(hours(max_per_day=1), (TEN + 10 * HOUR, TEN + 11 * HOUR)),
            "max_per_day",
            "At most 1 appointment a day can be booked, and 2027-03-01 already has that many (Europe/Berlin).",
            id="a full day",
        ),
        pytest.param(
            a_person(hours(minimum_notice=14_400)),
            "minimum_notice",
            "The appointment must be booked at least 10 days before it starts.",
            id="too soon",
        ),
        pytest.param(
            a_person(hours(horizon_days=1)),
            "beyond_horizon",
            "The appointment can be booked at most 1 day ahead.",
            id="beyond the horizon",
        ),
        pytest.param(
            a_person(hours(min_duration=45)),
            "too_short",
            "An appointment lasts at least 45 minutes here.",
            id="too short for the person",
        ),
        pytest.param(
            a_person(hours(max_duration=15)),
            "too_long",
            "An appointment lasts at most 15 minutes here.",
            id="too long for the person",
        ),
    ],
)
def test_what_closes_half_an_hour_on_a_monday(person: Person, code: str, detail: str) -> None:
    (reason,) = reasons_against(person, TEN, HALF_PAST_TEN, NOW)
    assert (reason.code, reason.detail) == (code, detail)
    assert explain(person, TEN, HALF_PAST_TEN, NOW, "Europe/Berlin") == [reason]


@pytest.mark.parametrize(
    ("start", "end", "codes"),
    [
        pytest.param(NOW, NOW + HOUR, ["in_the_past"], id="now"),
        pytest.param(TEN, TEN, ["too_short"], id="no length"),
        pytest.param(TEN, TEN - HOUR, ["too_short"], id="ends before it starts"),
        pytest.param(TEN, TEN + DAY + 1, ["too_long"], id="over a day"),
        pytest.param(
            at("2032-02-20T12:00:01"), at("2032-02-20T13:00"), ["too_far"], id="over five years ahead"
        ),
        pytest.param(10**14, 10**14 + HOUR, ["too_far"], id="after the end of the calendar"),
        pytest.param(-(10**14), HOUR, ["in_the_past", "too_long"], id="before the first year"),
        pytest.param(-(10**14), HOUR - 10**14, ["in_the_past"], id="an hour before the first year"),
    ],
)
def test_what_nobody_may_book(start: int, end: int, codes: list[str]) -> None:
    assert [reason.code for reason in reasons_against(a_person(), start, end, NOW)] == codes


def test_the_last_second_of_five_years_may_be_booked() -> None:
    start = at("2032-02-20T12:00")
    assert reasons_against(a_person(), start, start + HOUR, NOW) == []


def test_the_last_day_of_the_horizon_ends_at_midnight() -> None:
    person, midnight = a_person(hours(horizon_days=9)), at("2027-03-02T00:00")
    assert reasons_against(person, midnight - 1, midnight + HOUR, NOW) == []
    assert [reason.code for reason in reasons_against(person, midnight, midnight + HOUR, NOW)] == [
        "beyond_horizon"
    ]
    slots = offers(
        [person],
        duration=HOUR,
        first=midnight - HOUR,
        last=midnight + HOUR,
        now=NOW,
        timezone="UTC",
        together=True,
    )
    assert shown(slot.start for slot in slots) == ["23:00", "23:15", "23:30", "23:45"]


def test_all_reasons_are_told_and_one_for_each_closed_date() -> None:
    person = a_person(
        hours(weekdays(), buffer_before=60, max_per_day=1),
        (at("2027-03-06T20:00"), at("2027-03-06T21:00")),
        Taken(at("2027-03-06T23:30"), at("2027-03-07T02:00"), "elsewhere"),
    )
    start = at("2027-03-06T21:30")
    codes = [reason.code for reason in reasons_against(person, start, start + 3 * HOUR, NOW)]
    assert codes == ["outside_hours", "outside_hours", "busy_elsewhere", "buffer", "max_per_day"]


def test_what_ends_at_midnight_does_not_touch_the_next_date() -> None:
    person = a_person(hours(weekdays(), {date(2027, 3, 7): ()}))
    start = at("2027-03-06T23:00")
    assert [reason.code for reason in reasons_against(person, start, start + HOUR, NOW)] == ["outside_hours"]


def test_a_free_time_between_the_steps_may_be_booked_but_is_not_offered() -> None:
    person, start = a_person(hours(weekdays())), TEN + 5 * MINUTE
    assert reasons_against(person, start, start + HOUR, NOW) == []
    (reason,) = explain(person, start, start + HOUR, NOW, "Europe/Berlin")
    assert reason.code == "between_steps"
    assert "every 15 minutes" in reason.detail


def test_what_is_offered_needs_no_explanation() -> None:
    assert explain(a_person(hours(weekdays())), TEN, HALF_PAST_TEN, NOW, "Europe/Berlin") == []


def test_for_one_without_an_availability_the_clocks_of_who_asks_are_shown() -> None:
    person = a_person(None, (TEN, HALF_PAST_TEN))
    (reason,) = explain(person, TEN, HALF_PAST_TEN, NOW, "America/New_York")
    assert reason.detail == "There is another appointment from 2027-03-01 04:00 to 04:30 (America/New_York)."
