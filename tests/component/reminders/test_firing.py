"""Timers at their instant, on a real database: once, in time, and never after a cancellation."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.errors import PublishFailed
from contracts.envelope import Message, message_id
from services.reminders import jobs, metrics
from services.reminders.firing.dispatcher import LEASE, LOOK_AHEAD
from tests.component.reminders.conftest import Bench
from tests.unit.reminders.builders import ANN, LONG_BEFORE, MONDAY_9, a_state, a_switch, an_event, before

A = uuid4()
MOMENT = timedelta(microseconds=1)


def alone(identity: UUID, version: int = 1, **changed: object) -> dict[str, object]:
    """An appointment of Ann's that reminds her once, an hour before."""
    return a_state(identity, version, **{"answers": {}, "settings": {"in_app": [60]}, **changed})  # type: ignore[arg-type]


@pytest.fixture
async def one(bench: Bench) -> Bench:
    """One timer, due an hour before the start."""
    await bench.hear(an_event("appointment.created", alone(A)))
    return bench


async def test_it_fires_at_its_instant_and_never_before(one: Bench) -> None:
    dispatcher = one.dispatcher()
    await one.fire(before(hours=1) - MOMENT, dispatcher)
    assert one.sent.reminders() == []
    await one.fire(before(hours=1), dispatcher)
    assert await dispatcher.fire() == 1, "it was claimed ahead of time and needs no second claim"
    assert one.sent.reminders() == [("reminder.due", ANN, 60, ("in_app",))]


async def test_it_fires_once(one: Bench) -> None:
    for minutes in range(5):
        await one.fire(before(hours=1) + timedelta(minutes=minutes))
    assert len(one.sent.messages) == 1


@pytest.mark.parametrize(
    ("late", "published"),
    [
        pytest.param(timedelta(minutes=30), ["reminder.due"], id="within the grace it is still sent"),
        pytest.param(timedelta(minutes=30) + MOMENT, ["reminder.missed"], id="after the grace it was missed"),
        pytest.param(timedelta(days=3), ["reminder.missed"], id="also when all is over"),
    ],
)
async def test_after_an_outage(one: Bench, late: timedelta, published: list[str]) -> None:
    await one.fire(before(hours=1) + late)
    assert [kind for kind, *_ in one.sent.reminders()] == published
    assert [state for *_, state in await one.timers()] == [
        "fired" if published == ["reminder.due"] else "missed"
    ]
    await one.fire(before(hours=1) + late)
    assert len(one.sent.messages) == 1


async def test_two_processes_never_fire_one_timer_twice(bench: Bench) -> None:
    await bench.hear(*(an_event("appointment.created", alone(uuid4())) for _ in range(60)))
    bench.now = before(hours=1)
    first, second = bench.dispatcher(), bench.dispatcher()
    assert await first.claim() == 60
    assert await second.claim() == 0, "what is leased is nobody else's"
    assert await first.fire() == 60
    assert await second.claim() == 0, "also while it is on its way"
    await first.settle()
    assert await second.claim() == 0
    assert len({message_id(message.headers) for message in bench.sent.messages}) == 60


async def test_a_crash_between_publishing_and_marking_says_the_same_again(one: Bench) -> None:
    one.now = before(hours=1)
    crashed = one.dispatcher()
    await crashed.claim()
    await crashed.fire()
    await one.fire(before(hours=1) + LEASE / 2)
    assert len(one.sent.messages) == 1, "the lease still holds"
    await one.fire(before(hours=1) + LEASE)
    first, second = one.sent.messages
    assert first == second


async def test_what_the_broker_refused_is_published_later(one: Bench) -> None:
    dispatcher = one.dispatcher()
    one.sent.fails = True
    with pytest.raises(PublishFailed):
        await one.fire(before(hours=1), dispatcher)
    one.sent.fails = False
    assert await dispatcher.fire() == 1
    assert len(one.sent.messages) == 1


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(an_event("appointment.cancelled", alone(A, 2, status="cancelled")), id="cancelled"),
        pytest.param(
            an_event("appointment.rescheduled", alone(A, 2, start=MONDAY_9 + timedelta(days=1))), id="moved"
        ),
        pytest.param(
            an_event("appointment.updated", alone(A, 2, settings={"in_app": [30]})), id="not wanted any more"
        ),
    ],
)
async def test_what_changes_after_the_claim_is_not_said(one: Bench, event: Message) -> None:
    one.now = before(hours=1) - LOOK_AHEAD
    dispatcher = one.dispatcher()
    assert await dispatcher.claim() == 1
    await one.hear(event)
    await one.fire(before(hours=1), dispatcher)
    await dispatcher.fire()
    assert one.sent.reminders() == []


async def test_an_edit_after_the_claim_is_said_with_the_new_text(one: Bench) -> None:
    one.now = before(hours=1) - LOOK_AHEAD
    dispatcher = one.dispatcher()
    await dispatcher.claim()
    await one.hear(an_event("appointment.updated", alone(A, 2, title="Fresh")))
    one.now = before(hours=1)
    await dispatcher.fire()
    assert one.sent.reminders() == [], "a message claimed before the edit is out of date"
    await one.fire(before(hours=1), dispatcher)
    assert [b"Fresh" in (message.value or b"") for message in one.sent.messages] == [True]


async def test_a_channel_switched_off_after_the_claim_is_not_used(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", alone(A, settings={"in_app": [60], "email": [60]})))
    bench.now = before(hours=1) - LOOK_AHEAD
    dispatcher = bench.dispatcher()
    await dispatcher.claim()
    await bench.hear(a_switch(ANN, 1, email=False))
    await bench.fire(before(hours=1), dispatcher)
    assert bench.sent.reminders() == [("reminder.due", ANN, 60, ("in_app",))]


async def test_a_timer_about_to_fire_survives_an_edit_at_that_very_moment(one: Bench) -> None:
    one.now = before(hours=1) + timedelta(seconds=1)
    await one.hear(an_event("appointment.updated", alone(A, 2, title="Just now")))
    await one.fire(one.now)
    assert [kind for kind, *_ in one.sent.reminders()] == ["reminder.due"]


async def test_nightly_only_what_is_over_is_forgotten(one: Bench) -> None:
    await one.hear(an_event("appointment.created", alone(uuid4(), start=MONDAY_9 + timedelta(days=40))))
    await one.fire(before(hours=1))
    await jobs.forget(one.database, MONDAY_9 + timedelta(hours=1))
    assert [state for *_, state in await one.timers()] == ["fired", "pending"]
    await jobs.forget(one.database, MONDAY_9 + timedelta(days=1))
    assert [state for *_, state in await one.timers()] == ["pending"]
    assert await one.scalar("SELECT count(*) FROM appointments") == 2
    await jobs.forget(one.database, MONDAY_9 + timedelta(days=31))
    assert await one.scalar("SELECT count(*) FROM appointments") == 1
    assert [state for *_, state in await one.timers()] == ["pending"]


async def test_the_gauges_tell_what_is_to_come_and_what_is_late(one: Bench) -> None:
    async with one.database.transaction() as tx:
        await tx.execute(text("ANALYZE timers"))
    await jobs.measure(one.database, LONG_BEFORE)
    assert (metrics.PENDING._value.get(), metrics.OVERDUE._value.get()) == (1, 0)
    await jobs.measure(one.database, before(hours=1) + timedelta(seconds=2))
    assert metrics.OVERDUE._value.get() == 1
