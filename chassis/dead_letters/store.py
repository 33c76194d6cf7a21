"""Dead letters: records set aside with their cause, in the same transaction as everything else.

The letter keeps the record's key, value and headers, cut only where the topic would not take them; its story is in
`dead-letter-*` headers, of which the last of each name is ours.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import orjson
from sqlalchemy import text

from chassis.database.transactions import Transaction
from chassis.kafka.fitting import fit
from contracts.envelope import Message, Record, rfc3339
from contracts.topics import dead_letters

PREFIX = "dead-letter-"
REDRIVE_PREFIX = "redrive-"
DISCARD_PREFIX = "discard-"
DISCARDED = "dead-letter.discarded"  # the type of the note by which an operator discards a letter
_NAMESPACE = UUID("6f5c6a52-3d0c-5a0a-9a55-0d7f2b1f6f0e")
_ERROR_MAX = 200
_MESSAGE_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record was set aside. `stage` is fetch, decode or handle; times are UTC."""

    stage: str
    error: str
    message: str
    attempts: int
    first: datetime
    last: datetime


def letter(
    record: Record, consumer: str, service: str, failure: Failure, version: str, cluster: str
) -> Message:
    """The dead letter of one record; it always fits its topic, and has the same id at each redelivery to that consumer.

    `cluster`: the id of the Kafka cluster, because offsets of another one are other records.
    """
    fitted = fit(record)
    story = {
        "id": identity(record, consumer, cluster),
        "service": service,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": rfc3339(record.timestamp),
        "stage": failure.stage,
        "error": failure.error[:_ERROR_MAX],
        "message": failure.message[:_MESSAGE_MAX],
        "attempts": failure.attempts,
        "first-failure": rfc3339(failure.first),
        "last-failure": rfc3339(failure.last),
        "version": version,
        "redrives": _redrives(record),
        **fitted.story,
    }
    # An error's message may quote bytes that are no valid text.
    added = tuple(
        (PREFIX + name, str(value).encode(errors="backslashreplace")) for name, value in story.items()
    )
    return Message(dead_letters(service).name, fitted.key, fitted.value, fitted.headers + added)


def identity(record: Record, consumer: str, cluster: str) -> UUID:
    """The letter's id. The record's time is in it: after a restored log another record may have the same offset."""
    return uuid5(_NAMESPACE, f"{consumer}/{cluster}/{record.position}/{rfc3339(record.timestamp)}")


def _redrives(record: Record) -> int:
    counts = [value for name, value in record.headers if name == "redrive-count"]
    known = counts and counts[0] and counts[0].isdigit() and len(counts[0]) < 6
    return int(counts[0]) if known else 0


_SAVE = text("""
    WITH saved AS (
        INSERT INTO dead_letters (id, consumer, cluster_id, topic, partition, "offset", key, value, headers)
        SELECT id, :consumer, :cluster, topic, partition, position, key, value, CAST(headers AS jsonb)
        FROM unnest(
            CAST(:ids AS uuid[]), CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[]),
            CAST(:keys AS bytea[]), CAST(:values AS bytea[]), CAST(:headers AS text[])
        ) AS fresh(id, topic, partition, position, key, value, headers)
        ON CONFLICT DO NOTHING
        RETURNING id, consumer
    )
    INSERT INTO open_dead_letters (id, consumer) SELECT id, consumer FROM saved
    ON CONFLICT DO NOTHING
""")

_LOAD = text("""
    SELECT topic, partition, "offset", key, value, headers
    FROM dead_letters
    JOIN unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[])) AS old(topic, partition, "offset")
        USING (topic, partition, "offset")
    WHERE consumer = :consumer AND cluster_id = :cluster
    ORDER BY topic, partition, "offset"
""")


async def save(
    tx: Transaction, consumer: str, cluster: str, letters: Sequence[tuple[Record, Message]]
) -> None:
    """Keep the letters, so that they can be published again after a crash, byte for byte; they are open from now on."""
    if not letters:
        return
    await tx.execute(
        _SAVE,
        {
            "consumer": consumer,
            "cluster": cluster,
            "ids": [identity(record, consumer, cluster) for record, _ in letters],
            **_positions([record for record, _ in letters]),
            "keys": [message.key for _, message in letters],
            "values": [message.value for _, message in letters],
            "headers": [orjson.dumps(_encoded(message.headers)).decode() for _, message in letters],
        },
    )


async def load(
    tx: Transaction, consumer: str, service: str, cluster: str, records: Sequence[Record]
) -> dict[str, Message]:
    """The letters that these records of that cluster once became, by the records' positions."""
    rows = await tx.execute(_LOAD, {"consumer": consumer, "cluster": cluster, **_positions(records)})
    topic = dead_letters(service).name
    return {
        f"{row.topic}/{row.partition}/{row.offset}": Message(topic, row.key, row.value, _decoded(row.headers))
        for row in rows
    }


FORGET = text("""
    DELETE FROM dead_letters WHERE id IN (
        SELECT id FROM dead_letters WHERE created_at < :before ORDER BY created_at LIMIT :at_most
    )
""")
"""Drops at most `at_most` letters older than `before`: the topic has lost them by then, too."""


def _positions(records: Sequence[Record]) -> dict[str, list[object]]:
    return {
        "topics": [record.topic for record in records],
        "partitions": [record.partition for record in records],
        "offsets": [record.offset for record in records],
    }


def _encoded(headers: Sequence[tuple[str, bytes]]) -> list[list[str | None]]:
    # Values are bytes that need not be text, or null, and names may have NUL, which jsonb refuses: base64 keeps all.
    return [[_base64(name.encode()), None if value is None else _base64(value)] for name, value in headers]


def _decoded(pairs: Sequence[Sequence[str | None]]) -> tuple[tuple[str, bytes], ...]:
    return tuple(
        (base64.b64decode(name or "").decode(), None if value is None else base64.b64decode(value))  # type: ignore[misc]  # Kafka has null values, its Python types do not
        for name, value in pairs
    )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
