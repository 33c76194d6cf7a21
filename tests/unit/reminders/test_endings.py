"""Timers after the end of an appointment."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import CHANNELS
from services.reminders.domain.endings import Course, Waits, after_the_end, took_part
from services.reminders.domain.schedule import UNKNOWN, advance
from services.reminders.domain.timers import COMPLETION, FOLLOW_UP, NO_SHOW, REMINDER, Timer, changes
from tests.unit.reminders.builders import (
    ANN,
    BOB,
    CEM,
    MONDAY_9,
    SILENCE,
    a_course,
    an_appointment,
    before,
)

END = MONDAY_9 + timedelta(hours=2)
LATER = MONDAY_9 + timedelta(days=1)
WAITS = Waits()


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param(a_course("pending"), [], id="what was never confirmed is not closed"),
        pytest.param(
            a_course("confirmed"),
            [(NO_SHOW, END + timedelta(minutes=15))],
            id="nobody came: a no-show a quarter of an hour after the end",
        ),
        pytest.param(
            a_course("confirmed", BOB), [(COMPLETION, END)], id="somebody came: completed at the end"
        ),
        pytest.param(
            a_course("completed", at=END),
            [(FOLLOW_UP, END + timedelta(days=1))] * 2,
            id="completed: a follow-up a day later, for each",
        ),
        pytest.param(a_course("cancelled"), [], id="cancelled: nothing"),
        pytest.param(a_course("no_show"), [], id="a no-show: nothing more"),
    ],
)
def test_after_the_end(course: Course, expected: list[tuple[str, datetime]]) -> None:
    timers = after_the_end(an_appointment(), course, WAITS)
    assert [(timer.kind, timer.due_at) for timer in timers] == expected


@pytest.mark.parametrize(
    ("recipients", "came", "expected"),
    [
        pytest.param((ANN, BOB, CEM), (BOB,), (ANN, BOB), id="the organizer and who checked in"),
        pytest.param((ANN, BOB, CEM), (), (ANN, BOB, CEM), id="all, where nobody checked in"),
        pytest.param((ANN, BOB), (ANN,), (ANN, BOB), id="all, where only the organizer did"),
        pytest.param((ANN,), (), (ANN,), id="the organizer alone"),
    ],
)
def test_took_part(recipients: tuple[UUID, ...], came: tuple[UUID, ...], expected: tuple[UUID, ...]) -> None:
    assert took_part(an_appointment(recipients=recipients), a_course("completed", *came)) == expected


def test_a_follow_up_may_use_any_channel_that_is_on_when_it_is_due() -> None:
    assert {t.channels for t in after_the_end(an_appointment(), a_course("completed"), WAITS)} == {CHANNELS}


def test_the_wait_does_not_change_the_identity() -> None:
    hurried = Waits(timedelta(0), timedelta(0))
    for course in (a_course("confirmed"), a_course("completed")):
        usual = [timer.id for timer in after_the_end(an_appointment(), course, WAITS)]
        assert [timer.id for timer in after_the_end(an_appointment(), course, hurried)] == usual


@pytest.mark.parametrize(
    ("late", "made"),
    [
        pytest.param(timedelta(hours=24), True, id="a day late it is still done"),
        pytest.param(timedelta(hours=24, microseconds=1), False, id="a replay leaves what is older alone"),
    ],
)
@pytest.mark.parametrize("status", ["confirmed", "completed"])
def test_what_is_long_over_is_left_alone(status: str, late: timedelta, made: bool) -> None:
    timers = {timer.id: timer for timer in after_the_end(an_appointment(), a_course(status), WAITS)}
    due = max(timer.due_at for timer in timers.values())
    assert bool(changes({}, timers, due + late).new) is made


STATUSES = ["pending", "confirmed", "completed", "no_show", "cancelled"]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Appointment, Course]]:
    """Versions of one appointment in any order, some of them told twice."""
    versions = draw(st.lists(st.integers(1, 6), min_size=1, max_size=8))
    return [
        (
            an_appointment(
                version=version,
                start=(start := draw(st.sampled_from([MONDAY_9, LATER]))),
                open=(status := draw(st.sampled_from(STATUSES))) in ("pending", "confirmed"),
                recipients=draw(st.sampled_from([(ANN,), (ANN, BOB), (ANN, BOB, CEM)])),
                decided_at=before(days=2),
            ),
            a_course(status, *draw(st.sets(st.sampled_from([ANN, BOB]))), at=start),
        )
        for version in versions
    ]


@given(histories())
def test_whatever_came_before_the_newest_version_alone_decides(
    history: list[tuple[Appointment, Course]],
) -> None:
    schedule, newest = UNKNOWN, None
    ever: dict[UUID, Timer] = {}
    for appointment, course in history:
        after = advance(schedule, appointment, course, SILENCE, WAITS)
        if after is not None:
            schedule, newest = after, (appointment, course)
            ever.update(after.timers)
    assert newest is not None
    appointment, course = newest
    kinds = {timer.kind for timer in schedule.timers.values()}
    if course.status == "cancelled":
        assert kinds == set(), "nobody hears of what was cancelled"
    assert COMPLETION not in kinds or course.arrived, "completed only when somebody came"
    assert NO_SHOW not in kinds or not course.arrived
    assert FOLLOW_UP not in kinds or course.status == "completed"
    assert REMINDER not in kinds or appointment.open
    for kind in (NO_SHOW, COMPLETION):
        ends = [timer.start for timer in ever.values() if timer.kind == kind]
        assert len(ends) == len(set(ends)), "one command for each end"
