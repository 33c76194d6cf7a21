"""The bodies of booking's outcomes and events, and the verdict that they make up."""

from typing import Any
from uuid import UUID

import orjson

from chassis.verdicts import Answers, ExtraEvent, Verdict, verdict
from contracts import topics
from contracts.envelope import Record, event_id
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.decision import Accepted, AcceptedMany, Decision, Refusal
from services.booking.messages.commands import SOURCE, Received, refusal_of
from services.booking.messages.state import body_of, changes_of, dumps, people_of, state_of


def verdict_on(record: Record, received: Received, decision: Decision) -> Verdict:
    """Return the verdict that follows from a decision on this record."""
    if isinstance(decision, Accepted):
        return _accepted(record, received, decision)
    if isinstance(decision, AcceptedMany):
        return _settled(record, received, decision)
    return verdict(record, received, decision.appointment_id, _refused(received.id, decision))


def _accepted(record: Record, received: Received, decision: Accepted) -> Verdict:
    appointment, event = decision.appointment, decision.event
    state = state_of(appointment)
    fragment = orjson.Fragment(state)
    outcome = _outcome(received, appointment, fragment, 1 if event else 0)
    if decision.outcome:
        outcome |= decision.outcome
    if event is None:
        return verdict(record, received, appointment.id, dumps(outcome), accepted=True)
    return verdict(
        record,
        received,
        appointment.id,
        dumps(outcome),
        accepted=True,
        event_type=event.type,
        event=_event(decision, fragment, received),
        state=state,
    )


def _settled(record: Record, received: Received, decision: AcceptedMany) -> Verdict:
    further = []
    for step in decision.steps:
        if step.event is not None:
            state = state_of(step.appointment)
            event = _event(step, orjson.Fragment(state), received)
            further.append(ExtraEvent(step.event.type, step.appointment.id, event, state))
    for happened in decision.happened:
        body = dumps({**body_of(happened), "actor": _actor(received)})
        further.append(ExtraEvent(happened.type, happened.subject, body))
    shown = decision.appointment
    outcome = _outcome(received, shown, orjson.Fragment(state_of(shown)) if shown else None, len(further))
    if shown is None:
        outcome["version"] = decision.version
    outcome |= decision.outcome
    return verdict(record, received, decision.subject, dumps(outcome), accepted=True, further=tuple(further))


def _outcome(
    received: Received, shown: Appointment | None, state: orjson.Fragment | None, events: int
) -> dict[str, Any]:
    """Return the outcome of an accepted command; `state` is that of the appointment that it shows, if there
    is one.
    """
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
        "event_ids": [event_id(received.key, position) for position in range(1, events + 1)],
    }


def _event(decision: Accepted, state: orjson.Fragment, received: Received) -> bytes:
    event = decision.event
    if event is None:
        raise ValueError("nothing happened")
    body: dict[str, Any] = {
        "appointment_id": decision.appointment.id,
        "version": decision.appointment.version,
        "appointment": state,
        "changes": changes_of(event.changes),
        "people": people_of(event.people),
        "actor": _actor(received),
    }
    return dumps({**body, **event.more} if event.more else body)


def _actor(received: Received) -> str | None:
    return received.sender.text if received.sender else None


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
            **({} if refusal.retry_after is None else {"retry_after": refusal.retry_after}),
        }
    )


ANSWERS = Answers(
    SOURCE,
    topics.BOOKING_EVENTS.name,
    topics.BOOKING_OUTCOMES.name,
    lambda received, rejection: _refused(received.id, refusal_of(rejection)),
)
messages_for = ANSWERS.messages
