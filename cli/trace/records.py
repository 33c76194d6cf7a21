"""The records of a story, decoded: the message, delivery or dead letter that each concerns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.dead_letters.store import DISCARD_PREFIX, DISCARDED, PREFIX, REDRIVE_PREFIX
from cli.dead_letters.reading import story_of
from cli.describe import Line, body_of
from contracts.envelope import Record

JSON = dict[str, Any]
_REASON_MAX = 50


@dataclass(frozen=True, slots=True)
class MessageId:
    """The id of a command, an event or a reminder."""

    text: str


@dataclass(frozen=True, slots=True)
class DeliveryId:
    """The id of a delivery: one notification for one person by one channel."""

    text: str


@dataclass(frozen=True, slots=True)
class LetterId:
    """The id of a dead letter."""

    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a delivery; `until`: the end of a hold, or the time of the next attempt."""

    at: datetime
    state: str
    words: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome, of which command."""

    command: MessageId


@dataclass(frozen=True, slots=True)
class Event:
    """An event of an appointment; `state` is the appointment after it."""

    message: MessageId
    correlation: MessageId | None
    version: int | None
    state: JSON | None


@dataclass(frozen=True, slots=True)
class DeliveryChange:
    """A step of a delivery, with the event that it notifies of and the delivery that it replaces."""

    delivery: DeliveryId
    event: MessageId | None
    fallback_of: DeliveryId | None
    kind: str
    recipient: str
    channel: str
    decision: str
    step: Step


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, and what became of it; `about` is None where only the letter's id is known.

    `words`: the step that a delivery gets by it.
    """

    letter: LetterId
    about: DeliveryId | MessageId | None
    words: str


@dataclass(frozen=True, slots=True)
class Beginning:
    """A command, a reminder, or a record of another shape than its type has: it begins something of its own."""


Part = Outcome | Event | DeliveryChange | Letter | Beginning


def decode(line: Line, message: MessageId) -> Part | None:
    """Return what a record is to the story; None for topics that add nothing to it."""
    record, body = line.record, body_of(line.record)
    topic = record.topic
    if topic.endswith(".outcomes"):
        command = _text(body, "command_id")
        return Outcome(MessageId(command)) if command else Beginning()
    if topic == "booking.events":
        return _event(line, body, message)
    if topic == "notifier.events":
        return _delivery_change(record, body)
    if topic.endswith((".dead-letters", ".redrive")):
        return _letter(line, message)
    return Beginning() if topic.endswith(".commands") or topic == "reminders.events" else None


def events_of_commands(record: Record) -> dict[MessageId, MessageId]:
    """Return the command of each event that an outcome names."""
    body = body_of(record) if record.topic.endswith(".outcomes") else {}
    command, events = _text(body, "command_id"), body.get("event_ids")
    if command is None or not isinstance(events, list):
        return {}
    return {MessageId(event): MessageId(command) for event in events if isinstance(event, str)}


def _event(line: Line, body: JSON, message: MessageId) -> Event:
    version, state = body.get("version"), body.get("appointment")
    return Event(
        message,
        MessageId(line.correlation_id) if line.correlation_id else None,
        version if isinstance(version, int) else None,
        state if isinstance(state, dict) else None,
    )


def _delivery_change(record: Record, body: JSON) -> DeliveryChange | None:
    identifier = _text(body, "notification_id")
    if identifier is None:
        return None
    event, before = _text(body, "event_id"), _text(body, "fallback_of")
    return DeliveryChange(
        DeliveryId(identifier),
        MessageId(event) if event else None,
        DeliveryId(before) if before else None,
        str(body.get("type")),
        str(body.get("recipient_id")),
        str(body.get("channel")),
        _text(body, "decision") or "",
        _step(record, body),
    )


def _letter(line: Line, message: MessageId) -> Letter:
    """Return a dead letter, a redrive, or the note that discards one."""
    record = line.record
    if line.type == DISCARDED:
        return Letter(LetterId(story_of(record, DISCARD_PREFIX).get("of", "")), None, line.what)
    if record.topic.endswith(".redrive"):
        story = story_of(record, REDRIVE_PREFIX)
        edited = f", edited ({story['edited']})" if "edited" in story else ""
        words = f"redriven by {story.get('by', '?')}{edited}: {story.get('reason', '')}"
        return Letter(LetterId(story.get("of", "")), None, words)
    story = story_of(record, PREFIX)
    delivery, letter = story.get("delivery-id"), story.get("id", "")
    return Letter(
        LetterId(letter), DeliveryId(delivery) if delivery else message, f"dead letter {letter[:8]}"
    )


def _step(record: Record, body: JSON) -> Step:
    state, attempts, reason = str(body.get("state")), body.get("attempts"), body.get("reason")
    several = isinstance(attempts, int) and attempts > 1 and state in _TRIED
    tries = f" after {attempts} attempts" if several else ""
    because = f" ({short(str(reason))})" if reason else ""
    until = _instant(body.get("next_attempt_at")) if state == "held" else None
    return Step(record.timestamp, state, _STATES.get(state, state) + tries + because, until)


_TRIED = ("sent", "failed", "dead_lettered")
_STATES = {
    "planned": "planned",
    "held": "held",
    "failed": "given up",
    "expired": "not sent any more",
    "dead_lettered": "refused for good",
}


def short(reason: str) -> str:
    """Return a reason that fits beside others; dead letters and logs have the whole."""
    return reason if len(reason) <= _REASON_MAX else reason[: _REASON_MAX - 1] + "…"


def _text(body: JSON, field: str) -> str | None:
    value = body.get(field)
    return value if isinstance(value, str) and value else None


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
