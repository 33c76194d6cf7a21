"""Events that reminders reads, and messages that it publishes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from chassis.errors import InvalidMessage
from contracts import envelope
from contracts.catalog import BY_NAME, problems
from contracts.envelope import Message, rfc3339
from contracts.reminders import FollowUp, Reminder
from contracts.tools.samples import GOOD
from notifications.preferences import Organization, Preferences
from services.reminders.domain.endings import Waits, after_the_end
from services.reminders.domain.timers import plan
from services.reminders.messages.incoming import (
    OrganizationPreferencesChange,
    PreferencesChange,
    read_appointment,
    read_preferences,
)
from services.reminders.messages.outgoing import DUE, message_of, missed, reminder
from tests.unit.reminders.builders import (
    ANN,
    BOB,
    CEM,
    LONG_BEFORE,
    MONDAY_9,
    ORGANIZATION,
    SILENCE,
    a_preference,
    a_record,
    a_rule,
    a_state,
    a_switch,
    an_event,
)

IDENTITY = UUID(int=7)


def without(message: Message, header: str) -> Message:
    return replace(message, headers=tuple(pair for pair in message.headers if pair[0] != header))


@pytest.mark.parametrize(
    ("status", "is_open"),
    [("pending", True), ("confirmed", True), ("cancelled", False), ("completed", False), ("no_show", False)],
)
def test_only_pending_and_confirmed_remind(status: str, is_open: bool) -> None:
    change = read_appointment(
        a_record(an_event("appointment.updated", a_state(IDENTITY, status=status)), LONG_BEFORE)
    )
    assert change is not None
    assert change.appointment.open is is_open


def test_the_declined_are_not_reminded() -> None:
    state = a_state(IDENTITY, answers={BOB: "declined", CEM: "confirmed"})
    change = read_appointment(a_record(an_event("appointment.participant_declined", state), LONG_BEFORE))
    assert change is not None
    assert change.appointment.recipients == (ANN, CEM)


@pytest.mark.parametrize(
    ("kind", "answers", "waiting", "reminded"),
    [
        pytest.param("participant_waiting", {BOB: "confirmed"}, [CEM], (ANN, BOB), id="who waits is not"),
        pytest.param("participant_joined", {BOB: "confirmed"}, [], (ANN, BOB), id="who joined is"),
        pytest.param("participant_left", {CEM: "confirmed"}, [], (ANN, CEM), id="who has the seat now is"),
        pytest.param(
            "participant_joined", {BOB: "declined"}, [BOB], (ANN,), id="declined and waiting is not"
        ),
    ],
)
def test_who_has_a_seat_is_reminded(
    kind: str, answers: dict[UUID, str], waiting: list[UUID], reminded: tuple[UUID, ...]
) -> None:
    state = a_state(IDENTITY, answers=answers, seats=1, waiting=[str(user) for user in waiting])
    change = read_appointment(a_record(an_event(f"appointment.{kind}", state), LONG_BEFORE))
    assert change is not None
    assert change.appointment.recipients == reminded


def test_each_occurrence_of_a_series_is_reminded_of_by_itself_and_the_series_is_not() -> None:
    state = a_state(IDENTITY, series_id=str(UUID(int=9)), original_start_time=rfc3339(MONDAY_9))
    change = read_appointment(
        a_record(an_event("appointment.created", state, of_series=str(UUID(int=9))), LONG_BEFORE)
    )
    assert change is not None
    timers = plan(change.appointment, SILENCE, LONG_BEFORE)
    assert {timer.recipient_id for timer in timers.values()} == {ANN, BOB}
    other = plan(
        replace(change.appointment, id=UUID(int=8), start=MONDAY_9 + timedelta(days=7)), SILENCE, LONG_BEFORE
    )
    assert not timers.keys() & other.keys()
    whole = replace(an_event("series.changed", state), value=orjson.dumps(GOOD["series.changed"]))
    assert read_appointment(a_record(whole, LONG_BEFORE)) is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"value": None}, "no value", id="a tombstone"),
        pytest.param({"value": b"{"}, "1 errors", id="no JSON"),
        pytest.param({"value": b"{}"}, "appointment_id", id="an empty object"),
        pytest.param({"headers": (("ce_type", b"appointment.created"),)}, "ce_id", id="no id"),
        pytest.param(
            {"value": an_event("appointment.created", a_state(IDENTITY, timezone="Mars/Olympus")).value},
            "Mars/Olympus",
            id="a zone that does not exist",
        ),
        pytest.param(
            {"value": an_event("appointment.created", a_state(IDENTITY, timezone="../../etc/passwd")).value},
            "time zone",
            id="a zone that is a path",
        ),
    ],
)
def test_what_cannot_be_read_is_set_aside(change: dict[str, Any], complaint: str) -> None:
    message = replace(an_event("appointment.created", a_state(IDENTITY)), **change)
    with pytest.raises(InvalidMessage, match=complaint):
        read_appointment(a_record(message, LONG_BEFORE))


def test_others_events_are_passed_over() -> None:
    assert read_appointment(a_record(a_switch(ANN, 1, sms=True), LONG_BEFORE)) is None
    assert read_preferences(a_record(an_event("appointment.created", a_state(IDENTITY)), LONG_BEFORE)) is None
    assert read_preferences(a_record(without(a_switch(ANN, 1), "ce_type"), LONG_BEFORE)) is None


def test_preferences_are_read_whole() -> None:
    wish = a_preference(BOB, 3, channels={"email": False, "sms": None}, lead_times={"sms": [30]})
    change = read_preferences(a_record(wish, LONG_BEFORE))
    assert isinstance(change, PreferencesChange)
    assert (change.person_id, change.organization_id) == (BOB, ORGANIZATION)
    assert change.preferences == Preferences(channels={"email": False}, lead_times={"sms": (30,)}, version=3)


def test_an_organizations_preferences_are_read_whole() -> None:
    rule = a_rule(2, {"appointment_reminder": ["email"]}, lead_times={"email": [120]})
    change = read_preferences(a_record(rule, LONG_BEFORE))
    assert isinstance(change, OrganizationPreferencesChange)
    assert change.organization_id == ORGANIZATION
    assert change.rules == Organization(
        Preferences(lead_times={"email": (120,)}), {"appointment_reminder": frozenset(["email"])}, 2
    )


def test_preferences_without_an_organization_are_set_aside() -> None:
    with pytest.raises(InvalidMessage, match="organization"):
        read_preferences(a_record(without(a_switch(ANN, 1), "organization"), LONG_BEFORE))


def test_a_reminder_carries_all_that_its_reader_needs() -> None:
    event = an_event("appointment.created", a_state(IDENTITY, answers={BOB: "pending", CEM: "pending"}))
    change = read_appointment(a_record(event, LONG_BEFORE, offset=42))
    assert change is not None
    timer = next(
        timer
        for timer in plan(change.appointment, SILENCE, LONG_BEFORE).values()
        if timer.recipient_id == BOB
    )
    people = orjson.loads(change.context.people)
    message = reminder(DUE, timer, change.context, people)
    assert message == reminder(DUE, timer, change.context, people), "a second copy is the same"
    body = Reminder.model_validate_json(message.value or b"")
    assert body.appointment_id == body.appointment.id == IDENTITY
    assert (body.recipient_id, body.lead_minutes, body.due_at) == (BOB, timer.lead_minutes, timer.due_at)
    assert [person.id for person in body.people] == [ANN, BOB], "the organizer and the recipient"
    head = envelope.read(message.headers)
    assert (head.id, head.type, head.source) == (timer.id, DUE, "appointments/reminders")
    assert (head.organization, head.actor, head.subject) == (ORGANIZATION, str(ANN), str(IDENTITY))
    assert (head.correlation_id, head.cause) == ("a-correlation", "booking.events/0/42")
    assert head.traceparent is not None
    assert head.traceparent.startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert message.key == str(ORGANIZATION).encode()


def test_what_comes_without_a_correlation_id_correlates_with_itself() -> None:
    event = without(an_event("appointment.created", a_state(IDENTITY)), "correlation-id")
    change = read_appointment(a_record(event, LONG_BEFORE))
    assert change is not None
    assert change.context.correlation_id == str(envelope.read(event.headers).id) != str(uuid4())


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        pytest.param({"status": "confirmed"}, "appointment.mark_no_show", id="nobody came"),
        pytest.param(
            {"status": "confirmed", "checked_in": {str(BOB): rfc3339(MONDAY_9)}},
            "appointment.complete",
            id="somebody came",
        ),
    ],
)
def test_booking_is_asked_by_a_command_that_is_always_the_same(state: dict[str, Any], kind: str) -> None:
    change = read_appointment(
        a_record(an_event("appointment.confirmed", a_state(IDENTITY, **state)), LONG_BEFORE)
    )
    assert change is not None
    [timer] = after_the_end(change.appointment, change.course, Waits())
    message = message_of(timer, change.context, {})
    head = envelope.read(message.headers)
    assert (message.topic, head.id, head.type) == ("booking.commands", timer.id, kind)
    assert (head.actor, head.organization) == ("service:reminders", ORGANIZATION)
    assert head.correlation_id == str(timer.id)
    assert problems(BY_NAME[kind], message.headers, message.value or b"") == []
    assert message == message_of(timer, change.context, {})
    assert missed(timer, change.context, {}) is None


def test_a_follow_up_carries_all_that_its_reader_needs() -> None:
    state = a_state(IDENTITY, 4, status="completed")
    change = read_appointment(a_record(an_event("appointment.completed", state), LONG_BEFORE))
    assert change is not None
    timers = after_the_end(change.appointment, change.course, Waits())
    timer = next(timer for timer in timers if timer.recipient_id == BOB)
    message = message_of(timer, change.context, orjson.loads(change.context.people))
    assert problems(BY_NAME["follow_up.due"], message.headers, message.value or b"") == []
    body = FollowUp.model_validate_json(message.value or b"")
    assert (body.recipient_id, body.version, body.due_at) == (BOB, 4, timer.due_at)
    assert [person.id for person in body.people] == [ANN, BOB]
    assert envelope.read(message.headers).id == timer.id
    assert missed(timer, change.context, {}) is None


def test_who_checked_in_before_it_was_moved_has_not_come() -> None:
    early = {str(BOB): rfc3339(MONDAY_9 - timedelta(days=1))}
    state = a_state(IDENTITY, 3, status="confirmed", checked_in=early)
    change = read_appointment(a_record(an_event("appointment.rescheduled", state), LONG_BEFORE))
    assert change is not None
    assert change.course.arrived == frozenset()
