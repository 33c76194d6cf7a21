"""Commands, outcomes and dead letters, as far as they tell what was decided and where deciding goes on."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from chassis.dead_letters.store import PREFIX
from chassis.errors import InvalidMessage
from contracts import envelope
from contracts.envelope import MalformedEnvelope, Record
from contracts.ids import uuid_of
from services.booking.messages.commands import decode
from services.booking.rebuild.facts import Position, position_of
from services.booking.rebuild.staging import organization_key


def outcome_row(record: Record, seq: int) -> tuple[str, tuple[Any, ...]] | None:
    """The table and the row for an outcome; None for what booking did not write.

    An outcome that says that its id was used for something else answers its record, and is no decision on the id.
    """
    try:
        head = envelope.read(record.headers)
        body = orjson.loads(record.value or b"")
        position = position_of(head.cause or "")
        if body.get("code") == "command_id_reused":
            return "rebuilt_answered", position
        command_id = uuid_of(body["command_id"])
        own = head.id == envelope.outcome_id(command_id)
        return "rebuilt_outcomes", (
            seq,
            command_id,
            organization_key(head.organization),
            *position,
            head.time,
            record.timestamp,
            head.correlation_id,
            uuid_of(head.subject) if head.subject else None,
            head.type == "command.accepted",
            list(map(uuid_of, body["event_ids"])),
            record.value,
            command_id if own else envelope.key_elsewhere(head.organization, command_id),
        )
    except (MalformedEnvelope, ValueError, KeyError, TypeError, AttributeError):
        return None


def command_row(record: Record) -> tuple[Any, ...]:
    """The row for a record of booking.commands or booking.redrive; without an id where it has none."""
    known: tuple[UUID | None, Any, bytes | None, str | None]
    try:
        received = decode(record)
        organization = organization_key(received.organization)
        known = (received.id, organization, received.fingerprint, received.traceparent)
    except InvalidMessage:
        known = (None, None, None, None)
    return (record.topic, record.partition, record.offset, record.timestamp, *known)


def letter_row(record: Record) -> Position | None:
    """Which record a dead letter is of."""
    story = dict(_story(record))
    try:
        return story["topic"], int(story["partition"]), int(story["offset"])
    except (KeyError, ValueError):
        return None


def _story(record: Record) -> Iterator[tuple[str, str]]:
    for name, value in record.headers:
        if name.startswith(PREFIX):
            yield name.removeprefix(PREFIX), value.decode(errors="replace")
