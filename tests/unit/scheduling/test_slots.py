from datetime import date

import pytest

from scheduling.slots import Person, Slot, Taken, nearest, offers
from tests.unit.scheduling.builders import (
    ANNA,
    BEN,
    BERLIN,
    CARA,
    DAY,
    HOUR,
    MIDNIGHT,
    MINUTE,
    NINE,
    a_person,
    at,
    every_day,
    hours,
    shown,
    utc,
    weekdays,
)

NOW = at("2027-02-20T12:00")
MONDAY = at("2027-03-01T00:00")
MORNING = every_day((NINE, 660))


def offered(
    *people: Person, day: str = "2027-03-01", duration: int = 60, together: bool = True, now: int = NOW
) -> list[Slot]:
    """The slots of `duration` minutes in 24 hours from a midnight in Berlin."""
    first = at(f"{day}T00:00")
    return offers(
        people,
        duration=duration * MINUTE,
        first=first,
        last=first + DAY,
        now=now,
        timezone=BERLIN,
        together=together,
    )


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        pytest.param(
            a_person(hours(MORNING)), "09:00 09:15 09:30 09:45 10:00", id="every quarter of an hour that fits"
        ),
        pytest.param(
            a_person(hours(MORNING, step=50)), "09:00 09:50", id="steps from the start of the hours"
        ),
        pytest.param(
            a_person(hours(every_day((NINE, 580), (580, 660)), step=30)),
            "09:00 09:30 09:40",
            id="each stretch has its own steps, and a slot may run into the next",
        ),
        pytest.param(
            a_person(hours(MORNING), (at("2027-03-01T10:00"), at("2027-03-01T10:30"))),
            "09:00",
            id="neighbours may touch",
        ),
        pytest.param(
            a_person(hours(MORNING, buffer_after=5), (at("2027-03-01T10:00"), at("2027-03-01T10:30"))),
            "",
            id="a buffer stays free before the next",
        ),
        pytest.param(
            a_person(
                hours(every_day((NINE, 720)), step=5, buffer_before=10, buffer_after=5),
                (at("2027-03-01T09:00"), at("2027-03-01T10:30")),
            ),
            "10:45 10:50 10:55 11:00",
            id="the buffers of neighbours add",
        ),
        pytest.param(
            a_person(hours(MORNING, max_per_day=1), (at("2027-03-01T20:00"), at("2027-03-01T21:00"))),
            "",
            id="a full day offers nothing",
        ),
        pytest.param(
            a_person(
                hours(MORNING, max_per_day=1),
                Taken(at("2027-03-01T20:00"), at("2027-03-01T21:00"), "elsewhere"),
            ),
            "09:00 09:15 09:30 09:45 10:00",
            id="what is elsewhere does not count for the day",
        ),
        pytest.param(
            a_person(
                hours(MORNING),
                Taken(MONDAY, MONDAY + 10 * HOUR, "elsewhere"),
                Taken(MONDAY + HOUR, MONDAY + 2 * HOUR, "elsewhere"),
            ),
            "10:00",
            id="a short one within a long one hides nothing",
        ),
        pytest.param(
            a_person(hours(MORNING, horizon_days=8)), "", id="beyond the horizon nothing is offered"
        ),
        pytest.param(
            a_person(hours(MORNING, horizon_days=9)),
            "09:00 09:15 09:30 09:45 10:00",
            id="the last day of the horizon is whole",
        ),
        pytest.param(a_person(hours(MORNING, min_duration=61)), "", id="too short for the person"),
        pytest.param(a_person(hours(MORNING, max_duration=59)), "", id="too long for the person"),
        pytest.param(
            a_person(hours(weekdays(), {date(2027, 3, 1): ((1_320, MIDNIGHT),)}, step=30)),
            "22:00 22:30 23:00",
            id="an override until midnight",
        ),
    ],
)
def test_what_one_person_is_offered_for(person: Person, expected: str) -> None:
    assert shown(slot.start for slot in offered(person)) == expected.split()


def test_a_slot_runs_over_midnight_from_one_rule_into_the_next() -> None:
    night = a_person(hours(every_day((0, 120), (1_380, MIDNIGHT)), step=60))
    assert shown(slot.start for slot in offered(night, duration=120)) == ["00:00", "23:00"]


def test_where_a_clock_is_put_back_between_two_stretches_each_start_is_offered_once() -> None:
    # 02:00 to the later 02:30, and the earlier 02:30 to 04:00: they share an hour.
    person = a_person(hours(every_day((120, 150), (150, 240)), step=30))
    slots = offered(person, day="2027-10-31", duration=30)
    starts = [slot.start for slot in slots]
    assert starts == sorted(set(starts))
    assert shown(starts) == ["02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]


def test_without_an_availability_all_the_day_is_offered_in_the_zone_that_asks() -> None:
    slots = offers(
        [a_person()],
        duration=HOUR,
        first=at("2027-03-01T00:00", "Asia/Kathmandu"),
        last=at("2027-03-02T00:00", "Asia/Kathmandu"),
        now=NOW,
        timezone="Asia/Kathmandu",
        together=True,
    )
    assert len(slots) == 96
    assert shown([slots[0].start, slots[-1].start], "Asia/Kathmandu") == ["00:00", "23:45"]


def test_minimum_notice_and_the_present_close_what_is_before() -> None:
    person, now = a_person(hours(MORNING)), at("2027-03-01T09:30")
    assert shown(slot.start for slot in offered(person, now=now)) == ["09:45", "10:00"]
    patient = a_person(hours(MORNING, minimum_notice=30))
    assert shown(slot.start for slot in offered(patient, now=now)) == ["10:00"]


def test_together_the_coarsest_step_leads() -> None:
    fine = a_person(hours(every_day((NINE + 10, 660)), step=5), who=ANNA)
    coarse = a_person(hours(MORNING, step=30), who=BEN)
    slots = offered(fine, coarse, duration=30)
    assert shown(slot.start for slot in slots) == ["09:30", "10:00", "10:30"]
    assert {slot.people for slot in slots} == {(ANNA, BEN)}


def test_together_across_zones_only_what_suits_both_is_left() -> None:
    berlin = a_person(hours(weekdays()), who=ANNA)
    new_york = a_person(hours(weekdays(), zone="America/New_York"), who=BEN)
    slots = offered(berlin, new_york, duration=30)
    assert shown([slots[0].start, slots[-1].start]) == ["15:00", "17:00"]
    # Between the two clock changes New York is an hour nearer.
    nearer = offered(berlin, new_york, day="2027-03-15", duration=30)
    assert shown([nearer[0].start, nearer[-1].start]) == ["14:00", "17:00"]


def test_of_several_the_first_in_the_order_given_who_is_free() -> None:
    busy = a_person(hours(MORNING), (at("2027-03-01T09:00"), at("2027-03-01T10:00")), who=ANNA)
    free = a_person(hours(MORNING, step=30), who=BEN)
    night = a_person(hours(every_day((1_320, 1_380))), who=CARA)
    slots = offered(busy, free, night, together=False)
    assert [(shown([slot.start])[0], slot.people) for slot in slots] == [
        ("09:00", (BEN,)),
        ("09:30", (BEN,)),
        ("10:00", (ANNA,)),
        ("22:00", (CARA,)),
    ]


@pytest.mark.parametrize(
    "duration",
    [pytest.param(0, id="none"), pytest.param(-60, id="negative"), pytest.param(1_441, id="over a day")],
)
def test_a_length_that_nothing_may_have_is_offered_nowhere(duration: int) -> None:
    assert offered(a_person(), duration=duration) == []


def test_nobody_is_offered_nothing() -> None:
    assert offered() == []


def test_no_more_than_five_years_are_looked_at() -> None:
    slots = offers(
        [a_person(hours(zone="UTC", step=MIDNIGHT))],
        duration=HOUR,
        first=-(10**11),
        last=10**11,
        now=at("2028-02-29T00:00", "UTC"),
        timezone="UTC",
        together=True,
    )
    assert [utc(slots[0].start), utc(slots[-1].start)] == ["2028-03-01T00:00", "2033-03-01T00:00"]
    assert len(slots) == 5 * 365 + 2


def test_alternatives_are_the_nearest_first_and_of_two_as_near_the_earlier() -> None:
    busy = (at("2027-03-01T10:00"), at("2027-03-01T10:30"))
    found = nearest(
        [a_person(hours(weekdays()), busy)],
        *busy,
        now=NOW,
        timezone=BERLIN,
        count=5,
        first=MONDAY,
        last=MONDAY + DAY,
    )
    assert shown(start for start, _ in found) == ["09:30", "10:30", "09:15", "10:45", "09:00"]
    assert {end - start for start, end in found} == {30 * MINUTE}
