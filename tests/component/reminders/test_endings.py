"""Timers after the end of an appointment, on a real database: once, in time, and only when it is still true."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.envelope import Message, rfc3339
from services.reminders.firing.dispatcher import LEASE, LOOK_AHEAD
from tests.component.reminders.conftest import Bench
from tests.unit.reminders.builders import ANN, BOB, MONDAY_9, a_preference, a_state, an_event

A = uuid4()
END = MONDAY_9 + timedelta(hours=2)
NO_SHOW_AT = END + timedelta(minutes=15)
NO_REMINDERS: dict[str, Any] = {"settings": {"email": []}}
MOMENT = timedelta(microseconds=1)


def confirmed(version: int = 1, **changed: Any) -> Message:
    """Ann and Bob will meet, and nobody is reminded."""
    state = a_state(A, version, **{"status": "confirmed", **NO_REMINDERS, **changed})
    return an_event("appointment.confirmed", state)


def checked_in(version: int = 2) -> Message:
    """Bob is there."""
    return confirmed(version, checked_in={str(BOB): rfc3339(MONDAY_9)})


def closed(status: str, version: int = 2) -> Message:
    """It ended so, by hand."""
    return confirmed(version, status=status, updated_at=rfc3339(END))


async def test_booking_is_asked_once_to_mark_a_no_show(bench: Bench) -> None:
    await bench.hear(confirmed())
    await bench.fire(NO_SHOW_AT - MOMENT)
    assert bench.sent.kinds() == []
    await bench.fire(NO_SHOW_AT)
    await bench.hear(confirmed(2, title="An edit afterwards"))
    await bench.fire(NO_SHOW_AT + timedelta(hours=1))
    assert bench.sent.kinds() == ["appointment.mark_no_show"]


async def test_what_somebody_came_to_is_completed_at_its_end(bench: Bench) -> None:
    await bench.hear(confirmed())
    await bench.hear(checked_in())
    await bench.fire(END)
    await bench.fire(NO_SHOW_AT)
    assert bench.sent.kinds() == ["appointment.complete"]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(closed("cancelled"), id="cancelled"),
        pytest.param(confirmed(2, start=MONDAY_9 + timedelta(days=1)), id="moved"),
        pytest.param(closed("completed"), id="completed by hand"),
        pytest.param(checked_in(), id="somebody came"),
    ],
)
async def test_what_is_not_true_any_more_is_not_asked(bench: Bench, event: Message) -> None:
    await bench.hear(confirmed())
    bench.now = NO_SHOW_AT - LOOK_AHEAD
    dispatcher = bench.dispatcher()
    assert await dispatcher.claim() == 1
    await bench.hear(event)
    await bench.fire(NO_SHOW_AT, dispatcher)
    await dispatcher.fire()
    assert "appointment.mark_no_show" not in bench.sent.kinds()


async def test_who_took_part_hears_once_more_and_only_once(bench: Bench) -> None:
    await bench.hear(confirmed(), checked_in(), closed("completed", 3))
    await bench.fire(END + timedelta(days=1) - MOMENT)
    assert bench.sent.kinds() == []
    await bench.fire(END + timedelta(days=1))
    await bench.hear(confirmed(), checked_in(), closed("completed", 3))
    await bench.fire(END + timedelta(days=1, hours=1))
    assert bench.sent.kinds() == ["follow_up.due"] * 2
    assert [person for person, *_ in await bench.timers()] == [ANN, BOB]


async def test_preferences_leave_alone_what_is_no_reminder(bench: Bench) -> None:
    await bench.hear(confirmed())
    await bench.hear(a_preference(ANN, 1, channels={"email": False}, lead_times={"in_app": [5]}))
    await bench.fire(NO_SHOW_AT)
    assert bench.sent.kinds() == ["reminder.missed", "appointment.mark_no_show"]


async def test_a_crash_between_asking_and_marking_asks_the_same_again(bench: Bench) -> None:
    await bench.hear(confirmed())
    bench.now = NO_SHOW_AT
    crashed = bench.dispatcher()
    await crashed.claim()
    await crashed.fire()
    await bench.fire(NO_SHOW_AT + LEASE)
    first, second = bench.sent.messages
    assert first == second


async def test_a_replay_of_the_past_and_a_long_outage_close_nothing(bench: Bench) -> None:
    await bench.hear(confirmed())
    bench.now = NO_SHOW_AT + timedelta(hours=24) + MOMENT
    await bench.fire(bench.now)
    assert [state for *_, state in await bench.timers()] == ["missed"]
    await bench.hear(an_event("appointment.confirmed", a_state(uuid4(), status="confirmed", **NO_REMINDERS)))
    await bench.hear(an_event("appointment.completed", a_state(uuid4(), status="completed", **NO_REMINDERS)))
    await bench.fire(bench.now)
    assert bench.sent.messages == []
