"""Dead letters for tests: records that a service set aside, and what operators did about them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson

from chassis.dead_letters.store import Failure, letter
from cli.dead_letters.letter import Letter
from cli.dead_letters.reading import gathered
from contracts.envelope import Message, Record
from contracts.tools.samples import APPOINTMENT, COMMAND, GOOD, GRETA, ORGANIZATION

NOON = datetime(2028, 3, 1, 12, tzinfo=UTC)
_offsets = count()


def a_record(
    kind: str = "appointment.cancel",
    value: bytes | None = None,
    topic: str = "booking.commands",
    headers: Sequence[tuple[str, bytes]] = (),
) -> Record:
    """A command as booking reads it; each at another offset."""
    raw = (
        ("ce_id", COMMAND.encode()),
        ("ce_type", kind.encode()),
        ("ce_subject", APPOINTMENT.encode()),
        ("actor", GRETA.encode()),
        ("organization", ORGANIZATION.encode()),
        *headers,
    )
    body = orjson.dumps(GOOD[kind]) if value is None else value
    return Record(topic, 0, next(_offsets), NOON, ORGANIZATION.encode(), body, raw)


def set_aside(
    record: Record,
    *,
    stage: str = "handle",
    error: str = "TypeError",
    minutes: int = 0,
    service: str = "booking",
) -> Record:
    """The record as it lies on the dead-letters topic, so many minutes after noon."""
    failure = Failure(stage, error, "it broke", 3, NOON, NOON)
    return logged(letter(record, f"{service}.commands", service, failure, "1.0", "c"), minutes)


def logged(message: Message, minutes: int = 0) -> Record:
    """A message as it is read from its topic, so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    return Record(message.topic, 0, next(_offsets), at, message.key, message.value, message.headers)


def a_letter(record: Record | None = None) -> Letter:
    """A letter that nobody has touched."""
    return gathered([set_aside(record or a_record())])[0]


def redelivered(message: Message) -> Record:
    """A redriven message as its service reads it."""
    return replace(logged(message), topic="booking.redrive")
