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
class Story:
    """What an event about an appointment needs beside the timer; `body` and `people` are JSON.

    The rest comes from the newest event of the appointment: who did it, and to which chain of messages it belongs.
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


def message_of(timer: Timer, story: Story, people: dict[str, Any]) -> Message:
    """What a timer says at its instant; the same timer and story always give the same bytes."""
    if timer.kind == REMINDER:
        return reminder(DUE, timer, story, people)
    return follow_up(timer, story, people) if timer.kind == FOLLOW_UP else command(timer, story)


def missed(timer: Timer, story: Story, people: dict[str, Any]) -> Message | None:
    """What is said of a timer that is of no use any more: of all but reminders nothing."""
    return reminder(MISSED, timer, story, people) if timer.kind == REMINDER else None


def reminder(kind: str, timer: Timer, story: Story, people: dict[str, Any]) -> Message:
    """`reminder.due` or `reminder.missed`; the same timer and story always give the same bytes.

    `people` is the story's, read. Of them the event names the recipient and the organizer: with everybody in it, the
    reminders of a large meeting would be as many times as long.
    """
    body = {
        "appointment_id": str(timer.appointment_id),  # asyncpg's own UUIDs are nothing that orjson knows
        "version": story.version,
        "recipient_id": str(timer.recipient_id),
        "channels": timer.channels,
        "lead_minutes": timer.lead_minutes,
        "due_at": rfc3339(timer.due_at),
        "appointment": orjson.Fragment(story.body),
        "people": _concerned(timer, story, people),
    }
    return _event(kind, timer, story).message(topics.REMINDERS_EVENTS.name, orjson.dumps(body))


def follow_up(timer: Timer, story: Story, people: dict[str, Any]) -> Message:
    """`follow_up.due`, with the recipient and the organizer as people."""
    body = {
        "appointment_id": str(timer.appointment_id),
        "version": story.version,
        "recipient_id": str(timer.recipient_id),
        "channels": timer.channels,
        "due_at": rfc3339(timer.due_at),
        "appointment": orjson.Fragment(story.body),
        "people": _concerned(timer, story, people),
    }
    return _event(FOLLOW_UP_DUE, timer, story).message(topics.REMINDERS_EVENTS.name, orjson.dumps(body))


def command(timer: Timer, story: Story) -> Message:
    """What booking is asked to do; the command's id is the timer's, so that asking again asks for nothing new.

    What follows from it correlates with it, as with a command that a person gives.
    """
    head = replace(_event(COMMANDS[timer.kind], timer, story), actor=ACTOR, correlation_id=str(timer.id))
    body = orjson.dumps({"appointment_id": str(timer.appointment_id)})
    return head.message(topics.BOOKING_COMMANDS.name, body)


def _concerned(timer: Timer, story: Story, people: dict[str, Any]) -> list[Any]:
    both = dict.fromkeys((str(story.organizer_id), str(timer.recipient_id)))
    return [people[identity] for identity in both if identity in people]


def _event(kind: str, timer: Timer, story: Story) -> Envelope:
    return Envelope(
        id=timer.id,
        type=kind,
        source=SOURCE,
        subject=str(timer.appointment_id),
        time=timer.due_at,
        organization=story.organization_id,
        actor=story.actor,
        correlation_id=story.correlation_id,
        traceparent=follow(story.traceparent, timer.id),
        cause=story.cause,
    )
