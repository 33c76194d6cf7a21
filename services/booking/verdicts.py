"""What became of a command: the row that is kept, and the messages that are published from it, now and ever again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.telemetry import follow
from contracts import topics
from contracts.envelope import Message, Record, event_id, rfc3339
from contracts.ids import uuid5
from services.booking.domain.appointment import Appointment
from services.booking.domain.decision import Accepted, Code, Decision, Refusal, Settled
from services.booking.messages import SOURCE, Received
from services.booking.wire import body_of, changes_of, dumps, people_of, state_of

Headers = tuple[tuple[str, bytes], ...]
_ALWAYS = (("ce_specversion", b"1.0"), ("ce_source", SOURCE.encode()), ("content-type", b"application/json"))


@dataclass(frozen=True, slots=True)
class Further:
    """One of several events of a command; `state` as in a verdict, if `subject` is an appointment that changed."""

    type: str
    subject: UUID
    event: bytes
    state: bytes | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that a command's messages are made of.

    `cause` is the position of the record that was decided; a later record with this id gets the outcome alone.
    `decided_at` is that record's timestamp. `event` and `outcome` are JSON bytes; `state` is the appointment's after a
    change, until it is saved. A command with several events has them in `further`, in their order, and no `event`.
    """

    command_id: UUID
    fingerprint: bytes
    cause: str
    decided_at: datetime
    correlation_id: str
    traceparent: str | None
    appointment_id: UUID | None
    accepted: bool
    outcome: bytes
    event_type: str | None = None
    event: bytes | None = None
    state: bytes | None = None
    further: tuple[Further, ...] = ()

    def states(self) -> Iterator[tuple[UUID, bytes]]:
        """Each appointment that changed, with its state."""
        if self.state is not None and self.appointment_id is not None:
            yield self.appointment_id, self.state
        for told in self.further:
            if told.state is not None:
                yield told.subject, told.state


def verdict_on(record: Record, received: Received, decision: Decision) -> Verdict:
    """The verdict that follows from a decision on this record."""
    if isinstance(decision, Accepted):
        return _accepted(record, received, decision)
    if isinstance(decision, Settled):
        return _settled(record, received, decision)
    return _verdict(record, received, decision.appointment_id, _refused(received.id, decision))


def messages_for(record: Record, received: Received, verdict: Verdict, partitions: int) -> list[Message]:
    """What to publish for a record, given the verdict on its id: from these alone, so that it never varies.

    Event and outcome for the record that was decided; for another that asks the same its outcome again; for one
    that asks something else under the same id a refusal. `partitions` of booking.outcomes bounds `reply-partition`.
    """
    if verdict.fingerprint != received.fingerprint:
        refusal = Refusal(Code.COMMAND_ID_REUSED, "This command id was used for another command.")
        reused = _verdict(record, received, None, _refused(received.id, refusal))
        return [_outcome_message(record, received, reused, partitions, _shared(received, reused))]
    shared = _shared(received, verdict)
    outcome = _outcome_message(record, received, verdict, partitions, shared)
    if verdict.cause != record.position:
        return [outcome]
    if verdict.event is None:
        return [*_further_messages(received, verdict), outcome]
    return [_event_message(received, verdict, shared), outcome]


def _accepted(record: Record, received: Received, decision: Accepted) -> Verdict:
    appointment, event = decision.appointment, decision.event
    state = state_of(appointment)
    fragment = orjson.Fragment(state)
    outcome = _outcome(received, appointment, fragment, 1 if event else 0)
    if decision.outcome:
        outcome |= decision.outcome
    if event is None:
        return _verdict(record, received, appointment.id, dumps(outcome), accepted=True)
    return _verdict(
        record,
        received,
        appointment.id,
        dumps(outcome),
        accepted=True,
        event_type=event.type,
        event=_event(decision, fragment, received),
        state=state,
    )


def _settled(record: Record, received: Received, decision: Settled) -> Verdict:
    further = []
    for step in decision.steps:
        if step.event is not None:
            state = state_of(step.appointment)
            told = _event(step, orjson.Fragment(state), received)
            further.append(Further(step.event.type, step.appointment.id, told, state))
    for happened in decision.happened:
        body = dumps({**body_of(happened), "actor": _actor(received)})
        further.append(Further(happened.type, happened.subject, body))
    shown = decision.appointment
    outcome = _outcome(received, shown, orjson.Fragment(state_of(shown)) if shown else None, len(further))
    if shown is None:
        outcome["version"] = decision.version
    outcome |= decision.outcome
    return _verdict(record, received, decision.subject, dumps(outcome), accepted=True, further=tuple(further))


def _outcome(
    received: Received, shown: Appointment | None, state: orjson.Fragment | None, events: int
) -> dict[str, Any]:
    """What every accepted command is told; `state` of the appointment that it shows, if there is one."""
    return {
        "command_id": received.id,
        "status": "accepted",
        "code": None,
        "detail": None,
        "errors": (),
        "conflicts": (),
        "appointment_id": shown.id if shown else None,
        "version": shown.version if shown else None,
        "appointment": state,
        "event_ids": [event_id(received.id, position) for position in range(1, events + 1)],
    }


def _event(decision: Accepted, state: orjson.Fragment, received: Received) -> bytes:
    event = decision.event
    if event is None:
        raise ValueError("nothing happened")
    told: dict[str, Any] = {
        "appointment_id": decision.appointment.id,
        "version": decision.appointment.version,
        "appointment": state,
        "changes": changes_of(event.changes),
        "people": people_of(event.people),
        "actor": _actor(received),
    }
    return dumps({**told, **event.more} if event.more else told)


def _actor(received: Received) -> str | None:
    return received.actor.text if received.actor else None


def _refused(command_id: UUID, refusal: Refusal) -> bytes:
    return dumps(
        {
            "command_id": command_id,
            "status": "refused",
            "code": refusal.code,
            "detail": refusal.detail,
            "errors": refusal.errors,
            "conflicts": [
                {
                    "user_id": overlap.user_id,
                    "start_time": overlap.start,
                    "end_time": overlap.end,
                    "appointment_id": overlap.appointment_id,
                }
                for overlap in refusal.overlaps
            ],
            "appointment_id": refusal.appointment_id,
            "version": refusal.version,
            "appointment": None,
            "event_ids": [],
            "alternatives": [{"start_time": one.start, "end_time": one.end} for one in refusal.alternatives],
        }
    )


def _verdict(
    record: Record,
    received: Received,
    appointment_id: UUID | None,
    outcome: bytes,
    *,
    accepted: bool = False,
    event_type: str | None = None,
    event: bytes | None = None,
    state: bytes | None = None,
    further: tuple[Further, ...] = (),
) -> Verdict:
    return Verdict(
        received.id,
        received.fingerprint,
        record.position,
        record.timestamp,
        received.correlation_id,
        received.traceparent,
        appointment_id,
        accepted,
        outcome,
        event_type,
        event,
        state,
        further,
    )


def _further_messages(received: Received, verdict: Verdict) -> Iterator[Message]:
    for position, told in enumerate(verdict.further, 1):
        shared = _shared(received, verdict, told.subject)
        headers = _headers(verdict, event_id(verdict.command_id, position), told.type, shared)
        yield Message(topics.BOOKING_EVENTS.name, _key(received), told.event, headers)


def _event_message(received: Received, verdict: Verdict, shared: Headers) -> Message:
    headers = _headers(verdict, event_id(verdict.command_id, 1), verdict.event_type or "", shared)
    return Message(topics.BOOKING_EVENTS.name, _key(received), verdict.event, headers)


def _outcome_message(
    record: Record, received: Received, verdict: Verdict, partitions: int, shared: Headers
) -> Message:
    kind = "command.accepted" if verdict.accepted else "command.refused"
    headers = _headers(verdict, uuid5(verdict.command_id, "outcome"), kind, shared)
    asked = received.reply_partition
    partition = asked if asked is not None and 0 <= asked < partitions else None
    return Message(
        topics.BOOKING_OUTCOMES.name, _key(received) or record.key, verdict.outcome, headers, partition
    )


def _key(received: Received) -> bytes | None:
    return str(received.organization).encode() if received.organization else None


def _shared(received: Received, verdict: Verdict, subject: UUID | None = None) -> Headers:
    """What the headers of event and outcome have in common.

    The same as `contracts.envelope.Envelope` makes of these values, for a fifth of its time: every command passes here.
    """
    headers = [
        *_ALWAYS,
        ("ce_time", rfc3339(verdict.decided_at).encode()),
        ("correlation-id", verdict.correlation_id.encode()),
        ("cause", verdict.cause.encode()),
    ]
    subject = subject or verdict.appointment_id
    if subject is not None:
        headers.append(("ce_subject", str(subject).encode()))
    if (key := _key(received)) is not None:
        headers += (("ce_partitionkey", key), ("organization", key))
    if received.actor is not None:
        headers.append(("actor", received.actor.text.encode()))
    return tuple(headers)


def _headers(verdict: Verdict, identifier: UUID, kind: str, shared: Headers) -> Headers:
    trace = follow(verdict.traceparent, identifier)
    own = (("ce_id", str(identifier).encode()), ("ce_type", kind.encode()))
    return own + shared if trace is None else (*own, ("traceparent", trace.encode()), *shared)


def command_ids(items: Sequence[tuple[Record, Received]]) -> list[UUID]:
    """The ids of these commands, each once."""
    return list(dict.fromkeys(received.id for _, received in items))
