"""Effect of events and preferences on the timers in a real database."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.reminders.planning import replanning
from tests.component.reminders.conftest import Bench
from tests.unit.reminders.builders import (
    ANN,
    BOB,
    CEM,
    LONG_BEFORE,
    MONDAY_9,
    a_preference,
    a_rule,
    a_state,
    a_switch,
    an_event,
    before,
)

A = uuid4()
TUESDAY_9 = MONDAY_9 + timedelta(days=1)
HERS = [
    (ANN, 15, ("in_app",), "pending"),
    (ANN, 60, ("email", "in_app"), "pending"),
    (ANN, 1440, ("email", "in_app"), "pending"),
]
BOTH = [*HERS, *((BOB, *rest) for _, *rest in HERS)]


async def test_a_new_appointment_reminds_its_organizer_and_participants(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    assert await bench.timers() == BOTH


async def test_the_same_event_again_changes_nothing(bench: Bench) -> None:
    created = an_event("appointment.created", a_state(A))
    await bench.hear(created)
    ids = await bench.scalar("SELECT string_agg(id || xmin::text, ',' ORDER BY id) FROM timers")
    await bench.hear(created)
    assert await bench.scalar("SELECT string_agg(id || xmin::text, ',' ORDER BY id) FROM timers") == ids


async def test_a_move_replaces_the_timers(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    await bench.hear(an_event("appointment.rescheduled", a_state(A, 2, start=TUESDAY_9)))
    assert await bench.timers() == BOTH
    assert await bench.scalar("SELECT min(start_time) FROM timers") == TUESDAY_9


async def test_a_move_and_back_remind_once_for_each_lead(bench: Bench) -> None:
    await bench.hear(
        an_event("appointment.created", a_state(A)),
        an_event("appointment.rescheduled", a_state(A, 2, start=TUESDAY_9)),
        an_event("appointment.rescheduled", a_state(A, 3)),
    )
    assert await bench.timers() == BOTH
    assert await bench.scalar("SELECT max(start_time) FROM timers") == MONDAY_9


async def test_an_edit_keeps_timers_and_marks(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    await bench.fire(before(days=1))
    marked = await bench.timers()
    assert [state for *_, state in marked] == ["pending", "pending", "fired"] * 2
    await bench.hear(an_event("appointment.updated", a_state(A, 2, title="Plan two years")))
    assert await bench.timers() == marked
    await bench.fire(before(days=1))
    assert len(bench.sent.messages) == 2, "nothing is published twice"
    await bench.fire(before(hours=1))
    assert b"Plan two years" in (bench.sent.messages[-1].value or b"")


async def test_a_cancellation_leaves_none(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    await bench.hear(an_event("appointment.cancelled", a_state(A, 2, status="cancelled")))
    assert await bench.timers() == []


async def test_a_late_older_version_does_not_bring_back_what_was_cancelled(bench: Bench) -> None:
    await bench.hear(
        an_event("appointment.created", a_state(A)),
        an_event("appointment.cancelled", a_state(A, 3, status="cancelled")),
        an_event("appointment.updated", a_state(A, 2, title="Late")),
    )
    assert await bench.timers() == []
    assert await bench.scalar("SELECT version FROM appointments") == 3


async def test_who_declines_is_not_reminded_and_who_joins_is(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    answers = {BOB: "declined", CEM: "pending"}
    await bench.hear(an_event("appointment.updated", a_state(A, 2, answers=answers)))
    assert {recipient for recipient, *_ in await bench.timers()} == {ANN, CEM}


async def test_the_appointments_own_times_win(bench: Bench) -> None:
    settings = {"email": [30], "push": [5]}
    await bench.hear(a_switch(BOB, 1, email=True, push=True))
    await bench.hear(an_event("appointment.created", a_state(A, settings=settings)))
    assert await bench.timers() == [
        (ANN, 30, ("email",), "pending"),
        (BOB, 5, ("push",), "pending"),
        (BOB, 30, ("email",), "pending"),
    ]


async def test_a_channel_switched_off_leaves_the_timers_of_that_person_only(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    await bench.hear(a_switch(BOB, 1, email=False))
    assert await bench.timers() == [*HERS, *((BOB, lead, ("in_app",), "pending") for lead in (15, 60, 1440))]


async def test_a_channel_switched_on_makes_timers_for_what_is_to_come(bench: Bench) -> None:
    settings = {"sms": [1440, 60]}
    await bench.hear(an_event("appointment.created", a_state(A, settings=settings)))
    assert await bench.timers() == []
    await bench.hear(a_switch(ANN, 1, sms=True), at=before(hours=2))
    assert await bench.timers() == [(ANN, 60, ("sms",), "pending")]


async def test_preferences_of_an_older_version_change_nothing(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    await bench.hear(a_switch(BOB, 2, email=False))
    await bench.hear(a_switch(BOB, 1, email=True, sms=True))
    assert {channels for person, _, channels, _ in await bench.timers() if person == BOB} == {("in_app",)}


async def test_preferences_do_not_bring_back_what_was_past_when_the_appointment_was_made(
    bench: Bench,
) -> None:
    made = before(minutes=50)
    bench.now = before(minutes=49)  # a reminder an hour before would still be of use
    await bench.hear(an_event("appointment.created", a_state(A)), at=made)
    await bench.hear(a_switch(ANN, 1, sms=True), at=before(hours=3))
    assert {lead for _, lead, _, _ in await bench.timers()} == {15}


async def test_a_replay_of_the_past_makes_no_timers(bench: Bench) -> None:
    bench.now = MONDAY_9 + timedelta(days=3)
    await bench.hear(a_switch(ANN, 1, sms=True), an_event("appointment.created", a_state(A)), at=LONG_BEFORE)
    assert await bench.timers() == []
    await bench.fire(bench.now)
    assert bench.sent.messages == []


async def test_a_persons_times_replace_the_timers_of_that_person_only(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    await bench.hear(a_preference(BOB, 1, lead_times={"email": [120], "in_app": []}))
    assert await bench.timers() == [*HERS, (BOB, 120, ("email",), "pending")]
    await bench.hear(a_preference(BOB, 2))
    assert await bench.timers() == BOTH


async def test_a_switch_for_reminders_counts(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    await bench.hear(a_preference(BOB, 1, types={"appointment_reminder": {"email": False}}))
    assert await bench.timers() == [*HERS, *((BOB, lead, ("in_app",), "pending") for lead in (15, 60, 1440))]


async def test_an_organizations_defaults_plan_all_its_appointments_to_come_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replanning, "PORTION", 2)
    days = [MONDAY_9 + timedelta(days=day) for day in range(5)]
    alone = [a_state(uuid4(), start=day, answers={}) for day in days]
    other = a_state(uuid4(), start=days[1], answers={}, organization_id=str(uuid4()))
    asked = a_state(uuid4(), start=days[2], answers={}, settings={"email": [30]})
    await bench.hear(*(an_event("appointment.created", state) for state in (*alone, other, asked)))
    await bench.hear(a_rule(1, lead_times={"email": [120], "in_app": []}))
    await replanning.of_organizations(bench.database, bench.now)
    assert [lead for _, lead, _, _ in await bench.timers()] == [15, 30, 60, *[120] * 5, 1440]
    assert await bench.scalar("SELECT replan_after FROM organizations") is None
    late = an_event("appointment.created", a_state(uuid4(), answers={}))
    await bench.hear(late)
    assert [lead for _, lead, _, _ in await bench.timers()] == [15, 30, 60, *[120] * 6, 1440]


async def test_an_organizations_defaults_are_less_than_a_persons_word(bench: Bench) -> None:
    await bench.hear(an_event("appointment.created", a_state(A)))
    await bench.hear(
        a_switch(BOB, 1, email=True),
        a_rule(2, channels={"email": False}),
        a_rule(1, channels={"email": True}),
    )
    await replanning.of_organizations(bench.database, bench.now)
    assert await bench.timers() == [
        *((ANN, lead, ("in_app",), "pending") for lead in (15, 60, 1440)),
        *((BOB, *rest) for _, *rest in HERS),
    ]
