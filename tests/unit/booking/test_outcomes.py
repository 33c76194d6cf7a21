"""Published messages fit the contracts, and are the same each time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

import contracts.appointments
from chassis.verdicts import Verdict
from contracts import outcomes
from contracts.appointments import EVENT_TYPES, AppointmentEvent
from contracts.envelope import Message, Record, event_id, read
from services.booking.domain.decide import decide
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.decision import Code, Refusal
from services.booking.messages.commands import decode
from services.booking.messages.outcomes import messages_for, verdict_on
from services.booking.messages.state import appointment_of, state_of
from tests.unit.booking.builders import ANNA, BEN, CLIENT, MONDAY_9, NOW, ORG, a_book, an_appointment
from tests.unit.booking.records import BODY, COMMAND_ID, a_record

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FULL = an_appointment(
    {BEN: "declined"},
    client_id=CLIENT,
    description="Zeile\n\tzwei",
    location="Büro 5",
    meeting_url="https://meet.example/1",
    checked_in={ANNA: MONDAY_9 + timedelta(microseconds=5)},
    reminder_settings={"email": [1440], "in_app": []},
    custom_fields={"z": [1, 2.5, None], "a": {"b": True}},
    cancellation_reason="ill",
)


def _verdict(record: Record, book: Book | None = None) -> Verdict:
    received = decode(record)
    command = received.command
    decision = command if isinstance(command, Refusal) else decide(command, book or a_book(), NOW)
    return verdict_on(record, received, decision)


def _published(record: Record, verdict: Verdict | None = None, partitions: int = 6) -> list[Message]:
    return messages_for(record, decode(record), verdict or _verdict(record), partitions)


def _body(message: Message) -> Any:
    return orjson.loads(message.value or b"")


@pytest.mark.parametrize("appointment", [an_appointment(), FULL], ids=["plain", "full"])
def test_a_state_is_read_back_as_it_was(appointment: Appointment) -> None:
    assert appointment_of(orjson.loads(state_of(appointment)), appointment.organizer_confirmed) == appointment


def test_an_accepted_command_tells_event_and_outcome_as_the_contracts_say() -> None:
    event, outcome = _published(a_record(BODY | {"custom_fields": {"a": 1}}, correlation_id="c-1"))
    happened, answer = AppointmentEvent.model_validate_json(event.value or b""), _outcome(outcome)
    assert (event.topic, outcome.topic) == ("booking.events", "booking.outcomes")
    assert event.key == outcome.key == str(ORG).encode()
    assert (happened.version, happened.actor, happened.changes) == (1, str(ANNA), [])
    assert happened.appointment == answer.appointment
    assert [person.id for person in happened.people] == [ANNA, BEN]
    assert (answer.status, answer.command_id, answer.version) == ("accepted", COMMAND_ID, 1)
    assert answer.event_ids == [event_id(COMMAND_ID, 1)]


ONLY_WHERE_THEY_SAY_SOMETHING = {
    *("alternatives", "series_id", "occurrences", "skipped", "waiting"),
    *("availability", "hold", "user_id", "imported", "removed", "retry_after"),
}


def test_the_fields_of_event_and_outcome_are_those_of_the_contracts() -> None:
    event, outcome = map(_body, _published(a_record()))
    assert set(event) == AppointmentEvent.model_fields.keys() - {
        "announcement",
        "of_series",
        "seated",
        "hold_id",
    }
    assert set(outcome) == set(outcomes.Outcome.model_fields) - ONLY_WHERE_THEY_SAY_SOMETHING
    assert set(event["appointment"]) == set(contracts.appointments.Appointment.model_fields)


def test_the_envelopes_name_the_cause() -> None:
    record = a_record(traceparent=TRACE, correlation_id="c-1")
    event, outcome = (read(message.headers) for message in _published(record))
    assert (event.id, event.type) == (event_id(COMMAND_ID, 1), "appointment.created")
    assert (outcome.id, outcome.type) == (uuid5(COMMAND_ID, "outcome"), "command.accepted")
    for headers in (event, outcome):
        assert headers.source == "appointments/booking"
        assert headers.cause == "booking.commands/0/7"
        assert headers.correlation_id == "c-1"
        assert headers.time == NOW
        assert headers.actor == str(ANNA)
        assert (headers.traceparent or "").startswith("00-0af7651916cd43dd8448eb211c80319c-")
        assert headers.subject == str(uuid5(COMMAND_ID, "appointment"))


@pytest.mark.parametrize(
    "record", [a_record(traceparent=TRACE), a_record(organization=None), a_record(actor="bob")]
)
def test_headers_are_those_that_the_envelope_would_write(record: Record) -> None:
    for message in _published(record):
        assert sorted(message.headers) == sorted(read(message.headers).headers())


def test_a_refusal_is_an_outcome_alone() -> None:
    [outcome] = _published(a_record(BODY | {"title": ""}))
    answer = _outcome(outcome)
    assert (answer.status, answer.code, answer.appointment) == ("refused", outcomes.Code.INVALID, None)
    assert answer.errors[0].field == "title"
    assert read(outcome.headers).type == "command.refused"


def test_a_conflict_tells_the_range() -> None:
    [outcome] = _published(a_record(), _verdict(a_record(), a_book(an_appointment())))
    [conflict, _] = _outcome(outcome).conflicts
    assert (conflict.user_id, conflict.start_time, conflict.appointment_id) == (
        ANNA,
        MONDAY_9,
        an_appointment().id,
    )


@pytest.mark.parametrize(
    ("asked", "partition"),
    [(None, None), ("0", 0), ("5", 5), ("6", None), ("99999", None), ("-1", None), ("x", None), ("²", None)],
)
def test_an_outcome_goes_where_it_was_asked_for_if_that_exists(
    asked: str | None, partition: int | None
) -> None:
    event, outcome = _published(a_record(reply_partition=asked))
    assert (event.partition, outcome.partition) == (None, partition)


@pytest.mark.parametrize("key", [b"raw", None])
def test_without_an_organization_the_answer_keeps_the_records_key(key: bytes | None) -> None:
    [outcome] = _published(a_record(organization=None, key=key))
    assert outcome.key == key
    assert _outcome(outcome).code == outcomes.Code.MALFORMED


@pytest.mark.parametrize(
    "record",
    [a_record(), a_record(BODY | {"title": ""}), a_record(value=None)],
    ids=["made", "invalid", "null"],
)
def test_the_record_that_was_decided_gets_the_same_messages_again(record: Record) -> None:
    assert _published(record, _verdict(record)) == _published(record, replace(_verdict(record), state=None))


def test_another_record_that_asks_the_same_gets_the_same_outcome_and_no_event() -> None:
    first = a_record(correlation_id="first")
    [event, outcome] = _published(first)
    repeated = a_record(offset=99, correlation_id="second", reply_partition="4")
    [answer] = _published(repeated, _verdict(first))
    assert answer == replace(outcome, partition=4)
    assert event.topic == "booking.events"


def test_another_record_that_asks_something_else_is_refused_and_always_alike() -> None:
    other = a_record(BODY | {"title": "Other"}, offset=99)
    first = _published(other, _verdict(a_record()))
    assert first == _published(other, _verdict(a_record()))
    assert [_outcome(message).code for message in first] == [outcomes.Code.COMMAND_ID_REUSED]
    assert read(first[0].headers).cause == "booking.commands/0/99"


def test_codes_and_event_types_are_those_of_the_contracts() -> None:
    assert {code.value for code in Code} == {code.value for code in outcomes.Code}
    assert "appointment.created" in EVENT_TYPES


def _outcome(message: Message) -> outcomes.Outcome:
    return outcomes.Outcome.model_validate_json(message.value or b"")


def test_ids_are_never_random() -> None:
    assert UUID(_body(_published(a_record())[0])["appointment_id"]) == uuid5(COMMAND_ID, "appointment")
