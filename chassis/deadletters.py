"""Dead letters: records set aside with their cause, in the same transaction as everything else.

The letter keeps the record's key, value and headers untouched; its story is in `dead-letter-*` headers.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import orjson
from sqlalchemy import text

from chassis.database import Transaction
from contracts.envelope import Message, Record, rfc3339
from contracts.topics import dead_letters

PREFIX = "dead-letter-"
REDRIVE_PREFIX = "redrive-"
DISCARD_PREFIX = "discard-"
DISCARDED = "dead-letter.discarded"  # the type of the note that says so, beside the letter
_NAMESPACE = UUID("6f5c6a52-3d0c-5a0a-9a55-0d7f2b1f6f0e")
_MESSAGE_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record was set aside. `stage` is decode or handle; times are UTC."""

    stage: str
    error: str
    message: str
    attempts: int
    first: datetime
    last: datetime


def letter(record: Record, consumer: str, service: str, failure: Failure, version: str) -> Message:
    """The dead letter of one record; its id is the same at each redelivery of the record to that consumer."""
    identifier = uuid5(_NAMESPACE, f"{consumer}/{record.position}")
    story = {
        "id": identifier,
        "service": service,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": rfc3339(record.timestamp),
        "stage": failure.stage,
        "error": failure.error,
        "message": failure.message[:_MESSAGE_MAX],
        "attempts": failure.attempts,
        "first-failure": rfc3339(failure.first),
        "last-failure": rfc3339(failure.last),
        "version": version,
        "redrives": _redrives(record),
    }
    added = tuple((PREFIX + name, str(value).encode()) for name, value in story.items())
    return Message(dead_letters(service).name, record.key, record.value, record.headers + added)


def _redrives(record: Record) -> int:
    counts = [value for name, value in record.headers if name == "redrive-count"]
    return int(counts[0]) if counts and counts[0].isdigit() and len(counts[0]) < 6 else 0


_SAVE = text("""
    INSERT INTO dead_letters (id, consumer, topic, partition, "offset", key, value, headers)
    VALUES (:id, :consumer, :topic, :partition, :offset, :key, :value, CAST(:headers AS jsonb))
    ON CONFLICT DO NOTHING
""")

_LOAD = text("""
    SELECT topic, partition, "offset", key, value, headers
    FROM dead_letters
    JOIN unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[])) AS old(topic, partition, "offset")
        USING (topic, partition, "offset")
    WHERE consumer = :consumer
    ORDER BY topic, partition, "offset"
""")


async def save(tx: Transaction, consumer: str, letters: Sequence[tuple[Record, Message]]) -> None:
    """Keep the letters, so that they can be published again after a crash, byte for byte."""
    if not letters:
        return
    await tx.execute_each(
        _SAVE,
        [
            {
                "id": uuid5(_NAMESPACE, f"{consumer}/{record.position}"),
                "consumer": consumer,
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "key": message.key,
                "value": message.value,
                "headers": orjson.dumps(_encoded(message.headers)).decode(),
            }
            for record, message in letters
        ],
    )


async def load(tx: Transaction, consumer: str, service: str, records: Sequence[Record]) -> dict[str, Message]:
    """The letters that these records once became, by the records' positions."""
    rows = await tx.execute(
        _LOAD,
        {
            "consumer": consumer,
            "topics": [record.topic for record in records],
            "partitions": [record.partition for record in records],
            "offsets": [record.offset for record in records],
        },
    )
    topic = dead_letters(service).name
    return {
        f"{row.topic}/{row.partition}/{row.offset}": Message(topic, row.key, row.value, _decoded(row.headers))
        for row in rows
    }


async def forget(tx: Transaction, before: datetime) -> None:
    """Drop letters older than `before`: the topic keeps them for 30 days anyway."""
    await tx.execute(text("DELETE FROM dead_letters WHERE created_at < :before"), {"before": before})


def _encoded(headers: Sequence[tuple[str, bytes]]) -> list[list[str]]:
    # Header values are bytes that need not be text, and names may carry anything: base64 keeps both as they came.
    return [
        [
            base64.b64encode(name.encode("utf-8", "surrogatepass")).decode(),
            base64.b64encode(value or b"").decode(),
        ]
        for name, value in headers
    ]


def _decoded(pairs: Sequence[Sequence[str]]) -> tuple[tuple[str, bytes], ...]:
    return tuple(
        (base64.b64decode(name).decode("utf-8", "surrogatepass"), base64.b64decode(value))
        for name, value in pairs
    )
