"""Records as they come from booking.commands."""

from typing import Any
from uuid import UUID

import orjson

from contracts import topics
from contracts.envelope import Record
from tests.unit.booking.builders import ANNA, BEN, NOW, ORG

COMMAND_ID = UUID(int=0xF00)
BODY: dict[str, Any] = {
    "start_time": "2027-03-08T09:00:00Z",
    "end_time": "2027-03-08T10:00:00Z",
    "title": "Visit",
    "participant_ids": [str(BEN)],
}


def a_record(
    body: Any = BODY,
    *,
    kind: str = "appointment.create",
    value: bytes | None = b"",
    offset: int = 7,
    partition: int = 0,
    key: bytes | None = b"any",
    **headers: str | bytes | None,
) -> Record:
    """A record with the four headers that a command needs; a header of None is left out."""
    given: dict[str, str | bytes | None] = {
        "ce_id": str(COMMAND_ID),
        "ce_type": kind,
        "actor": str(ANNA),
        "organization": str(ORG),
    }
    given |= {name.replace("_", "-") if name not in given else name: text for name, text in headers.items()}
    pairs = ((name, text) for name, text in given.items() if text is not None)
    raw = tuple((name, text if isinstance(text, bytes) else text.encode()) for name, text in pairs)
    content = orjson.dumps(body) if value == b"" else value
    return Record(topics.BOOKING_COMMANDS.name, partition, offset, NOW, key, content, raw)
