"""Timers as messages: reminders, follow-ups, and commands to booking."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from chassis.telemetry import follow
from contracts import topics
from contracts.envelope import Envelope, Message, rfc3339
from services.reminders.domain.timers import COMPLETION, FOLLOW_UP, NO_SHOW, REMINDER, Timer

SOURCE = "appointments/reminders"


DUE, MISSED, FOLLOW_UP_DUE = "reminder.due", "reminder.missed", "follow_up.due"


COMMANDS = {NO_SHOW: "appointment.mark_no_show", COMPLETION: "appointment.complete"}


ACTOR = "service:reminders"


@dataclass(frozen=True, slots=True)
class EventContext:
    """The data of an event about an appointment beside the timer; `body` and `people` are JSON.

    `actor`, `correlation_id`, `traceparent` and `cause` are those of the newest event of the appointment.
    """

    appointment_id: UUID
    organization_id: UUID
    organizer_id: UUID
    version: int
    body: str
    people: str
    actor: str
    correlation_id: str
    traceparent: str | None
    cause: str


def message_of(timer: Timer, context: EventContext, people: dict[str, Any]) -> Message:
    """Return the message of a due timer; the same timer and context always give the same bytes."""
    if timer.kind == REMINDER:
        return reminder(DUE, timer, context, people)
    return follow_up(timer, context, people) if timer.kind == FOLLOW_UP else command(timer, context)


def missed(timer: Timer, context: EventContext, people: dict[str, Any]) -> Message | None:
    """Return the message of a timer that is no longer useful; None for all kinds but reminders."""
    return reminder(MISSED, timer, context, people) if timer.kind == REMINDER else None


def reminder(kind: str, timer: Timer, context: EventContext, people: dict[str, Any]) -> Message:
    """Return `reminder.due` or `reminder.missed`; the same timer and context always give the same bytes.

    `people`: the context's, parsed. The event names the recipient and the organizer only: with all
    participants in each, the size of a large meeting's reminders would grow with their square.
    """
    body = {
        "appointment_id": str(timer.appointment_id),  # orjson cannot serialize asyncpg's UUIDs
        "version": context.version,
        "recipient_id": str(timer.recipient_id),
        "channels": timer.channels,
        "lead_minutes": timer.lead_minutes,
        "due_at": rfc3339(timer.due_at),
        "appointment": orjson.Fragment(context.body),
        "people": _concerned(timer, context, people),
    }
    return _event(kind, timer, context).message(topics.REMINDERS_EVENTS.name, orjson.dumps(body))


def follow_up(timer: Timer, context: EventContext, people: dict[str, Any]) -> Message:
    """Return `follow_up.due`, with the recipient and the organizer as people."""
    body = {
        "appointment_id": str(timer.appointment_id),
        "version": context.version,
        "recipient_id": str(timer.recipient_id),
        "channels": timer.channels,
        "due_at": rfc3339(timer.due_at),
        "appointment": orjson.Fragment(context.body),
        "people": _concerned(timer, context, people),
    }
    return _event(FOLLOW_UP_DUE, timer, context).message(topics.REMINDERS_EVENTS.name, orjson.dumps(body))


def command(timer: Timer, context: EventContext) -> Message:
    """Return the command to booking; its id is the timer's, so that a second copy has no effect.

    Its events correlate with it, as with a person's command.
    """
    head = replace(_event(COMMANDS[timer.kind], timer, context), actor=ACTOR, correlation_id=str(timer.id))
    body = orjson.dumps({"appointment_id": str(timer.appointment_id)})
    return head.message(topics.BOOKING_COMMANDS.name, body)


def _concerned(timer: Timer, context: EventContext, people: dict[str, Any]) -> list[Any]:
    both = dict.fromkeys((str(context.organizer_id), str(timer.recipient_id)))
    return [people[identity] for identity in both if identity in people]


def _event(kind: str, timer: Timer, context: EventContext) -> Envelope:
    return Envelope(
        id=timer.id,
        type=kind,
        source=SOURCE,
        subject=str(timer.appointment_id),
        time=timer.due_at,
        organization=context.organization_id,
        actor=context.actor,
        correlation_id=context.correlation_id,
        traceparent=follow(context.traceparent, timer.id),
        cause=context.cause,
    )
