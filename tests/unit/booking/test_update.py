"""Changing content, times and participants."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.booking.domain.decide import decide
from services.booking.domain.model.appointment import Answer, Status
from services.booking.domain.model.commands import Cancel
from services.booking.domain.model.decision import Change, Code
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    CARA,
    CLIENT,
    COLLEAGUE,
    FOREIGNER,
    HOUR,
    MONDAY_9,
    NOBODY,
    NOW,
    a_book,
    a_command,
    a_create,
    accepted,
    after,
    an_appointment,
    an_update,
    decided,
    event,
    refused,
    status,
)

LATER: dict[str, Any] = {"start": MONDAY_9 + 3 * HOUR, "end": MONDAY_9 + 4 * HOUR}


@pytest.mark.parametrize(
    ("fields", "event_type"),
    [
        pytest.param({"content": {"title": "Other"}}, "appointment.updated", id="title"),
        pytest.param({"content": {"client_id": CLIENT}}, "appointment.updated", id="client"),
        pytest.param({"content": {"custom_fields": {"a": True}}}, "appointment.updated", id="custom fields"),
        pytest.param(
            {"content": {"reminder_settings": {"email": []}}}, "appointment.updated", id="reminders"
        ),
        pytest.param({"timezone": "Asia/Tokyo"}, "appointment.updated", id="zone only"),
        pytest.param({"participant_ids": (BEN, CARA)}, "appointment.updated", id="somebody added"),
        pytest.param({"participant_ids": ()}, "appointment.updated", id="everybody removed"),
        pytest.param(LATER, "appointment.rescheduled", id="times"),
        pytest.param({"end": MONDAY_9 + 2 * HOUR}, "appointment.rescheduled", id="end only"),
        pytest.param(
            LATER | {"content": {"title": "Other"}}, "appointment.rescheduled", id="times and title"
        ),
        pytest.param({}, None, id="nothing"),
        pytest.param({"content": {"title": "Visit"}, "start": MONDAY_9}, None, id="equal values"),
        pytest.param({"participant_ids": (BEN, ANNA, BEN)}, None, id="the same participants"),
    ],
)
@pytest.mark.parametrize("who", [ANNA, ADMIN], ids=["organizer", "admin"])
def test_one_update_is_one_event(fields: dict[str, Any], event_type: str | None, who: Any) -> None:
    decision = decided(an_update(who, **fields), an_appointment())
    assert event(decision) == event_type
    assert after(decision).version == (4 if event_type else 3)
    if event_type:
        assert (after(decision).updated_by, after(decision).updated_at) == (str(who), NOW)


def test_to_json_true_is_not_one() -> None:
    before = an_appointment(custom_fields={"a": 1})
    assert event(decided(an_update(content={"custom_fields": {"a": True}}), before)) == "appointment.updated"
    assert event(decided(an_update(content={"custom_fields": {"a": 1}}), before)) is None


def test_changes_have_the_wire_names_with_old_and_new() -> None:
    command = an_update(content={"title": "Other"}, participant_ids=(CARA,), **LATER)
    happened = accepted(decided(command, an_appointment({BEN: "confirmed"}))).event
    assert happened is not None
    assert happened.changes == (
        Change("start_time", MONDAY_9, LATER["start"]),
        Change("end_time", MONDAY_9 + HOUR, LATER["end"]),
        Change("title", "Visit", "Other"),
        Change("status", Status.CONFIRMED, Status.PENDING),
        Change("participant_ids", [BEN], [CARA]),
        Change("confirmation_status", {BEN: Answer.CONFIRMED}, {CARA: Answer.PENDING}),
    )
    assert [person.id for person in happened.people] == [ANNA, CARA, BEN]


@pytest.mark.parametrize(
    ("before", "fields", "answers", "expected"),
    [
        pytest.param({BEN: "confirmed"}, LATER, {BEN: "pending"}, "pending", id="new times: asked again"),
        pytest.param(
            {BEN: "confirmed", CARA: "declined"},
            LATER,
            {BEN: "pending", CARA: "declined"},
            "pending",
            id="who declined stays declined",
        ),
        pytest.param({}, LATER, {}, "confirmed", id="alone: confirmed again at once"),
        pytest.param({BEN: "declined"}, LATER, {BEN: "declined"}, "pending", id="all declined: pending"),
        pytest.param(
            {BEN: "confirmed"},
            {"participant_ids": (BEN, CARA)},
            {BEN: "confirmed", CARA: "pending"},
            "pending",
            id="who is added is asked",
        ),
        pytest.param(
            {BEN: "confirmed", CARA: "pending"},
            {"participant_ids": (BEN,)},
            {BEN: "confirmed"},
            "confirmed",
            id="the last unanswered one is removed",
        ),
        pytest.param(
            {BEN: "confirmed"},
            {"content": {"title": "x"}},
            {BEN: "confirmed"},
            "confirmed",
            id="title: answers stay",
        ),
        pytest.param({BEN: "pending"}, {"participant_ids": ()}, {}, "confirmed", id="nobody is left to ask"),
    ],
)
def test_answers_and_status_after_an_update(
    before: dict[Any, str], fields: dict[str, Any], answers: dict[Any, str], expected: str
) -> None:
    decision = decided(an_update(**fields), an_appointment(before))
    assert after(decision).answers == answers
    assert status(decision) is Status(expected)


def test_new_times_ask_again_even_where_the_organizer_had_confirmed() -> None:
    before = an_appointment({BEN: "pending"}, organizer_confirmed=True)
    assert status(decided(an_update(content={"title": "x"}), before)) is Status.CONFIRMED
    assert status(decided(an_update(**LATER), before)) is Status.PENDING


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"participant_ids": (NOBODY,)}, Code.UNKNOWN_USER, id="nobody is added"),
        pytest.param({"participant_ids": (BEN, FOREIGNER)}, Code.UNKNOWN_USER, id="a foreigner is added"),
        pytest.param({"start": NOW - HOUR}, Code.INVALID, id="start moved far before the end"),
        pytest.param({"end": MONDAY_9}, Code.INVALID, id="end moved to the start"),
        pytest.param(
            {"start": NOW - HOUR, "end": NOW + HOUR}, Code.IN_THE_PAST, id="start moved into the past"
        ),
        pytest.param(
            {"start": MONDAY_9 + timedelta(days=3000), "end": MONDAY_9 + timedelta(days=3000, hours=1)},
            Code.INVALID,
            id="too far ahead",
        ),
        pytest.param(
            {"start": datetime(2027, 3, 28, 2, 30)},  # noqa: DTZ001
            Code.INVALID,
            id="a local time that does not exist",
        ),
    ],
)
def test_refusals(fields: dict[str, Any], code: Code) -> None:
    refusal = refused(decided(an_update(**fields), an_appointment()))
    assert (refusal.code, refusal.version) == (code, 3)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"end": MONDAY_9 + 2 * HOUR}, None, id="prolonged"),
        pytest.param({"end": MONDAY_9 + timedelta(minutes=40)}, None, id="cut short"),
        pytest.param({"end": MONDAY_9 + timedelta(minutes=20)}, Code.IN_THE_PAST, id="ended before now"),
        pytest.param({"content": {"title": "x"}}, None, id="edited"),
        pytest.param(
            {"start": MONDAY_9 + timedelta(minutes=10)}, Code.IN_THE_PAST, id="moved within the past"
        ),
    ],
)
def test_what_is_under_way(fields: dict[str, Any], code: Code | None) -> None:
    decision = decided(an_update(**fields), an_appointment(), at=MONDAY_9 + timedelta(minutes=30))
    assert (refused(decision).code is code) if code else accepted(decision)


@pytest.mark.parametrize(
    ("fields", "start"),
    [
        pytest.param({}, "2027-03-08T13:00:00+00:00", id="in the appointment's zone"),
        pytest.param({"timezone": "Asia/Tokyo"}, "2027-03-08T05:00:00+00:00", id="in the body's zone"),
    ],
)
def test_wall_clock_time(fields: dict[str, Any], start: str) -> None:
    local = datetime(2027, 3, 8, 14)  # noqa: DTZ001
    moved = after(decided(an_update(start=local, end=local + HOUR, **fields), an_appointment()))
    assert moved.start.isoformat() == start


def test_a_new_zone_alone_keeps_the_instants() -> None:
    moved = after(decided(an_update(timezone="Asia/Tokyo"), an_appointment()))
    assert (moved.start, moved.end, moved.timezone) == (MONDAY_9, MONDAY_9 + HOUR, "Asia/Tokyo")


def test_a_removed_participant_is_free_and_sees_it_no_more() -> None:
    book = a_book(an_appointment())
    accepted(decide(an_update(participant_ids=()), book, NOW))
    assert event(decide(a_create(BEN, participant_ids=()), book, NOW)) == "appointment.created"
    assert refused(decide(an_update(BEN), book, NOW)).code is Code.NOT_FOUND


def test_an_added_participant_must_be_free() -> None:
    busy = an_appointment({CARA: "pending"}, id=a_create().appointment_id, organizer_id=COLLEAGUE)
    refusal = refused(decided(an_update(participant_ids=(BEN, CARA)), an_appointment(), busy))
    assert [overlap.user_id for overlap in refusal.overlaps] == [CARA]


def test_it_does_not_conflict_with_itself() -> None:
    half_past: dict[str, Any] = {"start": MONDAY_9 + HOUR / 2, "end": MONDAY_9 + 1.5 * HOUR}
    assert event(decided(an_update(**half_past), an_appointment())) == "appointment.rescheduled"


def test_two_appointments_swap_their_times_in_one_batch() -> None:
    first, second = (
        an_appointment(),
        an_appointment(id=a_create().appointment_id, start=LATER["start"], end=LATER["end"]),
    )
    book = a_book(first, second)
    aside: dict[str, Any] = {"start": MONDAY_9 + 10 * HOUR, "end": MONDAY_9 + 11 * HOUR}
    assert refused(decide(an_update(**LATER), book, NOW)).code is Code.CONFLICT
    for command in (
        an_update(**aside),
        an_update(appointment_id=second.id, start=first.start, end=first.end),
        an_update(**LATER),
    ):
        assert event(decide(command, book, NOW)) == "appointment.rescheduled"
    assert [change.after.start for change in book.take_changes().appointments] == [second.start, first.start]


def test_a_cancelled_slot_is_booked_in_the_same_batch() -> None:
    book = a_book(an_appointment())
    accepted(decide(a_command(Cancel, ANNA), book, NOW))
    assert event(decide(a_create(COLLEAGUE), book, NOW)) == "appointment.created"
