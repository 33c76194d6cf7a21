"""Messages to publish, noted in the transaction that decided them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database.transactions import Transaction
from contracts.envelope import Message

_NOTE = text("""
    INSERT INTO outbox (writer, noted_at, topic, key, value, headers)
    SELECT :writer, :now, topic, key, value, headers
    FROM unnest(
        CAST(:topics AS text[]), CAST(:keys AS bytea[]), CAST(:values AS bytea[]), CAST(:headers AS bytea[])
    ) WITH ORDINALITY AS noted(topic, key, value, headers, number)
    ORDER BY number
""")

# Another process's messages are taken over only when they are old: that process is gone, or publishes the
# same.
_NEXT = text("""
    SELECT position, topic, key, value, headers FROM outbox
    WHERE writer = :writer OR noted_at < :abandoned
    ORDER BY position
    LIMIT :limit
""")


async def note(tx: Transaction, writer: UUID, now: datetime, messages: Sequence[Message]) -> None:
    """Note messages to publish, in this order."""
    if not messages:
        return
    await tx.execute(
        _NOTE,
        {
            "writer": writer,
            "now": now,
            "topics": [message.topic for message in messages],
            "keys": [message.key for message in messages],
            "values": [message.value for message in messages],
            "headers": [_encoded(message) for message in messages],
        },
    )


async def next_noted(
    tx: Transaction, writer: UUID, abandoned: datetime, limit: int
) -> list[tuple[int, Message]]:
    """Return the next messages with their positions: the writer's own ones, and old ones of other writers."""
    rows = await tx.execute(_NEXT, {"writer": writer, "abandoned": abandoned, "limit": limit})
    return [(row.position, Message(row.topic, row.key, row.value, _decoded(row.headers))) for row in rows]


async def published(tx: Transaction, positions: Sequence[int]) -> None:
    """Delete published messages without waiting for the disk: a crash only publishes them again."""
    await tx.execute(text("SET LOCAL synchronous_commit = off"))
    await tx.execute(
        text("DELETE FROM outbox WHERE position = ANY(CAST(:positions AS bigint[]))"),
        {"positions": list(positions)},
    )


def _encoded(message: Message) -> bytes:
    return orjson.dumps([(name, value.decode()) for name, value in message.headers])


def _decoded(headers: bytes) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode()) for name, value in orjson.loads(headers))
