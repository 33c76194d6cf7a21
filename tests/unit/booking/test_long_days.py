"""A day is bookable from midnight to midnight on every day of the year, however many hours it has."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.booking.domain.model.decision import Code
from tests.unit.booking.builders import ANNA, BEN, HOUR, a_create, accepted, decided, refused
from tests.unit.booking.recurring import a_series, settled

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
LONG, SHORT = datetime(2028, 10, 29), datetime(2028, 3, 26)  # noqa: DTZ001


def whole(day: datetime, zone: str = "Europe/Berlin", **more: Any) -> dict[str, Any]:
    """A day as a person sends it: from midnight to midnight of the wall clock."""
    return {"start": day, "end": day + DAY, "timezone": zone} | more


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (LONG, "Europe/Berlin", 25),
        (SHORT, "Europe/Berlin", 23),
        (datetime(2028, 10, 22), "Europe/Berlin", 24),  # noqa: DTZ001
        (datetime(2028, 4, 2), "Australia/Lord_Howe", 24.5),  # noqa: DTZ001
        (LONG, "Antarctica/Troll", 26),
    ],
)
def test_a_whole_day_can_be_booked_and_a_minute_more_is_too_long(
    day: datetime, zone: str, hours: float
) -> None:
    booked = accepted(decided(a_create(**whole(day, zone)))).appointment
    assert booked.end - booked.start == timedelta(hours=hours)
    more = refused(
        decided(
            a_create(**whole(day, zone, end=day + DAY + max(MINUTE, timedelta(hours=24 - hours) + MINUTE)))
        )
    )
    assert (more.code, more.errors[0].code) == (Code.INVALID, "too_long")


def test_the_zone_of_the_appointment_counts() -> None:
    start = datetime(2028, 10, 28, 22, tzinfo=UTC)
    day: dict[str, Any] = {"start": start, "end": start + 25 * HOUR}
    assert accepted(decided(a_create(**day, timezone="Europe/Berlin")))
    assert refused(decided(a_create(**day, timezone="UTC"))).errors[0].code == "too_long"


def test_its_last_hour_is_taken() -> None:
    booked = accepted(decided(a_create(participant_ids=(BEN,), **whole(LONG)))).appointment
    booked = replace(booked, id=UUID(int=77))
    last = {"start": booked.end - HOUR, "end": booked.end}
    assert refused(decided(a_create(BEN, **last), booked)).code is Code.CONFLICT
    after = {"start": booked.end, "end": booked.end + HOUR}
    assert accepted(decided(a_create(BEN, **after), booked))


@pytest.mark.parametrize(("day", "number"), [(LONG - 2 * DAY, 5), (SHORT - 2 * DAY, 5)])
def test_whole_days_of_a_series_are_whole_over_clock_changes(day: datetime, number: int) -> None:
    command = replace(a_series(rrule=f"FREQ=DAILY;COUNT={number}"), **whole(day))
    steps = settled(decided(command)).steps
    times = [(step.appointment.start, step.appointment.end) for step in steps]
    assert [end for _, end in times[:-1]] == [start for start, _ in times[1:]]
    assert {int((end - start) / HOUR) for start, end in times} == ({24, 25} if day.month == 10 else {24, 23})


def test_a_day_of_elapsed_time_stays_elapsed() -> None:
    start = datetime(2028, 10, 21, 7, tzinfo=UTC)
    command = replace(
        a_series(rrule="FREQ=WEEKLY;COUNT=3"), start=start, end=start + DAY, timezone="Europe/Berlin"
    )
    lengths = {step.appointment.end - step.appointment.start for step in settled(decided(command)).steps}
    assert lengths == {DAY}


def test_a_series_of_long_days_refuses_what_is_longer() -> None:
    command = replace(a_series(ANNA, rrule="FREQ=YEARLY;COUNT=2"), **whole(LONG, end=LONG + DAY + MINUTE))
    assert refused(decided(command)).errors[0].code == "too_long"
