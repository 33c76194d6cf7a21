"""Decode the records of all topics that the notifier consumes. Each kind of record has one type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from chassis.errors import InvalidMessage
from contracts import topics
from contracts.catalog import CE_TYPES
from contracts.commands import NOTIFIER_COMMANDS
from contracts.envelope import MalformedEnvelope, Record
from contracts.notifications import CommunicationEvent
from contracts.reading import read_event
from services.notifier.domain import model
from services.notifier.domain.reports import Outcome
from services.notifier.domain.text import one_line
from services.notifier.messages import commands
from services.notifier.messages.commands import Command
from services.notifier.messages.events import EVENTS, Happened, read_unknown

REDRIVE = topics.redrive("notifier").name
DELIVER = "notification.deliver"
REPORTS: dict[str, Outcome] = {
    "notification.delivered": "delivered",
    "notification.failed": "failed",
    "notification.bounced": "bounced",
}


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report of the Communication Service; `at` in UTC."""

    outcome: Outcome
    at: datetime
    delivery_id: UUID | None
    appointment_id: UUID | None
    recipient_id: UUID | None
    channel: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Redriven:
    """A delivery that an operator redrives. `variables`: those that the operator corrected."""

    delivery_id: UUID
    variables: Mapping[str, str] = field(default_factory=dict)


Received = Happened | Command | Report | Redriven

PEOPLE_AT_ONCE = 2_000  # of the events of one batch: each may get a notification on several channels


def weight_of(received: Received) -> int:
    """Return 1 plus the number of people that an event may have to be sent to; 1 for every other record."""
    source = received.source if isinstance(received, Happened) else None
    return 1 + len(source.people) if isinstance(source, model.Event) else 1


def decode(record: Record) -> Received | None:
    """Return the record as its kind's type; None: it does not concern us.

    Raises InvalidMessage, NeedsNewer.
    """
    if record.topic == topics.NOTIFIER_COMMANDS.name:
        return commands.decode(record)
    if record.topic == topics.COMMUNICATION_EVENTS.name:
        return _report(record)
    try:
        kind = record.header("ce_type") or ""
        if record.topic == REDRIVE and kind not in EVENTS:
            return _redriven(record, kind)
        if not kind:
            raise InvalidMessage("header ce_type is missing")
        if kind in EVENTS:
            return EVENTS[kind](record)
        return None if kind in CE_TYPES else read_unknown(record, kind)
    except MalformedEnvelope as error:
        raise InvalidMessage(str(error)) from error
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise InvalidMessage(f"{problems[0]['loc']}: {problems[0]['msg']}") from error


def _redriven(record: Record, kind: str) -> Received | None:
    """Decode a redriven record that is not an event."""
    if kind == DELIVER:
        return _deliver_again(_json(record))
    if kind in NOTIFIER_COMMANDS:
        return commands.decode(record)
    if kind in REPORTS or not kind:
        return _report(record)
    raise InvalidMessage(f"the notifier has no records of type {kind[:60]!r}")


def _deliver_again(body: Any) -> Redriven:
    try:
        identifier = UUID(str(body.get("notification_id") if isinstance(body, dict) else None))
    except ValueError as error:
        raise InvalidMessage("notification_id must be the id of a delivery") from error
    variables = body.get("template_data") or {}
    if not isinstance(variables, dict) or not all(isinstance(text, str) for text in variables.values()):
        raise InvalidMessage("template_data must map names of variables to texts")
    return Redriven(identifier, variables)


def _report(record: Record) -> Report | None:
    """Decode a delivery report; return None for other types of messages."""
    body = _json(record)
    if not isinstance(body, dict) or body.get("type") not in REPORTS:
        return None
    try:
        event = read_event(CommunicationEvent, record.value)
    except ValidationError as error:
        raise InvalidMessage(f"{error.error_count()} fields of the report are not valid") from error
    data = event.data
    return Report(
        outcome=REPORTS[event.type],
        at=_in_utc(data.timestamp),
        delivery_id=_uuid(data.idempotency_key),
        appointment_id=_uuid(data.entity_id) if data.entity_type == "appointment" else None,
        recipient_id=_uuid(data.recipient),
        channel=str(data.channel),
        reason=one_line(data.reason or "") or None,
    )


def _json(record: Record) -> Any:
    try:
        return orjson.loads(record.value or b"")
    except orjson.JSONDecodeError as error:
        raise InvalidMessage(f"the value is not JSON: {error.msg}") from error


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:  # the first or the last hours of the calendar, in another zone
        raise InvalidMessage("the report's time does not exist in UTC") from error


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
