"""Which timers an appointment has, and what a change makes of them."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reminders.domain.appointment import Appointment
from services.reminders.domain.endings import Waits
from services.reminders.domain.schedule import UNKNOWN, Schedule, advance
from services.reminders.domain.timers import Timer, changes, plan, replan, timer_id, wanted
from tests.unit.reminders.builders import (
    ANN,
    BOB,
    CEM,
    LONG_BEFORE,
    MONDAY_9,
    SILENCE,
    a_course,
    an_appointment,
    before,
    in_force,
)

LATER = MONDAY_9 + timedelta(days=1)


def leads(timers: dict[Any, Timer]) -> list[int]:
    """Ann's lead times."""
    return sorted(timer.lead_minutes for timer in timers.values() if timer.recipient_id == ANN)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(LONG_BEFORE, [15, 60, 1440], id="long before: all"),
        pytest.param(before(hours=2), [15, 60], id="two hours before: no day's reminder"),
        pytest.param(before(hours=1), [15], id="due at this very instant is past"),
        pytest.param(before(minutes=1), [], id="too late for any"),
    ],
)
def test_a_lead_that_is_past_makes_no_timer(now: datetime, expected: list[int]) -> None:
    assert leads(plan(an_appointment(), SILENCE, now)) == expected


def test_each_recipient_has_timers_by_their_own_preferences() -> None:
    timers = plan(an_appointment(), in_force(BOB, channels={"email": False, "sms": True}), LONG_BEFORE)
    channels = {(timer.recipient_id, timer.lead_minutes): timer.channels for timer in timers.values()}
    assert channels == {
        (ANN, 1440): ("email", "in_app"),
        (ANN, 60): ("email", "in_app"),
        (ANN, 15): ("in_app",),
        (BOB, 1440): ("in_app",),
        (BOB, 60): ("sms", "in_app"),
        (BOB, 15): ("in_app",),
    }


def test_a_closed_appointment_reminds_nobody() -> None:
    assert plan(an_appointment(open=False), SILENCE, LONG_BEFORE) == {}


def test_the_identity_is_the_start_whatever_its_offset() -> None:
    appointment = an_appointment()
    elsewhere = MONDAY_9.astimezone(ZoneInfo("Asia/Kolkata"))
    assert timer_id(appointment.id, ANN, 60, MONDAY_9) == timer_id(appointment.id, ANN, 60, elsewhere)
    assert timer_id(appointment.id, ANN, 60, MONDAY_9) != timer_id(appointment.id, ANN, 60, LATER)


def test_an_edit_keeps_what_is_about_to_fire_and_makes_nothing_of_the_past() -> None:
    existing = plan(an_appointment(), SILENCE, LONG_BEFORE)
    waiting = {identity: timer for identity, timer in existing.items() if timer.lead_minutes == 60}
    a_second_after = before(hours=1) + timedelta(seconds=1)
    assert leads(replan(an_appointment(version=2), SILENCE, waiting, a_second_after)) == [15, 60]
    assert leads(replan(an_appointment(version=2), SILENCE, {}, a_second_after)) == [15]


def test_an_edit_of_channels_keeps_the_timers() -> None:
    existing = plan(an_appointment(), SILENCE, LONG_BEFORE)
    edited = an_appointment(version=2, own_lead_times={"in_app": (1440, 60), "push": (5,)})
    after = replan(edited, SILENCE, existing, LONG_BEFORE)
    difference = changes(existing, after, LONG_BEFORE)
    assert {existing[gone].lead_minutes for gone in difference.gone} == {15}
    assert {timer.channels for timer in difference.altered} == {("in_app",)}
    assert difference.new == ()


def test_a_move_replaces_every_timer() -> None:
    existing = plan(an_appointment(), SILENCE, LONG_BEFORE)
    after = replan(an_appointment(version=2, start=LATER), SILENCE, existing, LONG_BEFORE)
    difference = changes(existing, after, LONG_BEFORE)
    assert set(difference.gone) == set(existing)
    assert {timer.start for timer in difference.new} == {LATER}


def test_another_zone_moves_the_days_but_not_the_hours() -> None:
    start = datetime(2026, 3, 29, 7, tzinfo=ZoneInfo("UTC"))
    existing = plan(an_appointment(start=start), SILENCE, start - timedelta(days=3))
    moved = an_appointment(version=2, start=start, zone=ZoneInfo("Asia/Kolkata"))
    difference = changes(existing, replan(moved, SILENCE, existing, start - timedelta(days=3)), start)
    assert {timer.lead_minutes for timer in difference.altered} == {1440}
    assert (difference.gone, difference.new) == ((), ())


def test_what_is_of_no_use_any_more_is_not_made() -> None:
    planned = plan(an_appointment(), SILENCE, LONG_BEFORE)
    assert {timer.lead_minutes for timer in changes({}, planned, before(minutes=40)).new} == {60, 15}
    assert changes({}, planned, MONDAY_9 + timedelta(days=1)).new == ()
    assert changes(planned, planned, MONDAY_9 + timedelta(days=1)).gone == (), (
        "what was pending is missed aloud"
    )


def test_only_the_people_asked_for_are_planned() -> None:
    assert {timer.recipient_id for timer in wanted(an_appointment(), SILENCE, (BOB, CEM))} == {BOB}


@pytest.mark.parametrize("known", [1, 2, 7])
def test_a_version_that_is_known_changes_nothing(known: int) -> None:
    assert advance(Schedule(known, {}), an_appointment(version=1), a_course(), SILENCE, Waits()) is None


@st.composite
def histories(draw: st.DrawFn) -> list[Appointment]:
    """Versions of one appointment in any order, some of them told twice."""
    versions = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    minutes = sorted(draw(st.lists(st.integers(0, 3_000), min_size=len(versions), max_size=len(versions))))
    return [
        an_appointment(
            version=version,
            start=draw(st.sampled_from([MONDAY_9, LATER])),
            open=draw(st.booleans()),
            recipients=draw(st.sampled_from([(ANN,), (ANN, BOB), (ANN, CEM)])),
            decided_at=before(days=2) + timedelta(minutes=minute),
        )
        for version, minute in zip(versions, minutes, strict=True)
    ]


@given(histories())
def test_the_newest_version_decides_whatever_came_before(history: list[Appointment]) -> None:
    schedule, newest = UNKNOWN, None
    for appointment in history:
        after = advance(schedule, appointment, a_course(), SILENCE, Waits())
        if after is not None:
            schedule, newest = after, appointment
    assert newest is not None
    assert schedule.version == max(appointment.version for appointment in history)
    all_ids = {timer.id for timer in wanted(newest, SILENCE)}
    coming = plan(newest, SILENCE, newest.decided_at)
    assert coming.keys() <= schedule.timers.keys() <= all_ids
