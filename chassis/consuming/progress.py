"""Progress of a consumer in its own database: the only truth, and the fence against a second owner.

`next_offset`: everything below it is applied. `published_offset`: everything below it is also published.
Kafka's committed offset is written for lag tools only and never read back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition
from sqlalchemy import text

from chassis.database.transactions import Transaction
from contracts.envelope import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One partition's progress. `last_offset` and `last_timestamp` (ms): of the last record that was applied.

    `published_at`: when `published_offset` last grew.
    """

    next_offset: int
    published_offset: int
    cluster_id: str
    published_at: datetime
    last_offset: int | None = None
    last_timestamp: int | None = None


Rows = dict[TopicPartition, Row]

# Rows are locked in one order, so that two owners of overlapping partitions wait for each other instead of deadlocking.
_LOCK = text("""
    SELECT p.topic, p.partition, p.next_offset, p.published_offset, p.cluster_id, p.published_at, p.last_offset, p.last_timestamp
    FROM progress p
    JOIN unnest(CAST(:topics AS text[]), CAST(:partitions AS int[])) AS batch(topic, partition) USING (topic, partition)
    WHERE p.consumer = :consumer
    ORDER BY p.topic, p.partition
    FOR UPDATE OF p
""")

_OPEN = text("""
    INSERT INTO progress (consumer, topic, partition, next_offset, published_offset, cluster_id)
    SELECT :consumer, topic, partition, start, start, :cluster_id
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:starts AS bigint[])) AS fresh(topic, partition, start)
    ON CONFLICT DO NOTHING
""")

# Positions only grow: a late writer can never take one back. What is only applied or published again is no progress.
_ADVANCE = text("""
    UPDATE progress p
    SET next_offset = greatest(p.next_offset, batch.next_offset),
        published_offset = greatest(p.published_offset, least(batch.published_offset, greatest(p.next_offset, batch.next_offset))),
        published_at = CASE WHEN batch.published_offset > p.published_offset THEN now() ELSE p.published_at END,
        last_offset = greatest(p.last_offset, batch.last_offset),
        last_timestamp = CASE WHEN batch.last_offset > coalesce(p.last_offset, -1) THEN batch.last_timestamp ELSE p.last_timestamp END,
        updated_at = now()
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:next AS bigint[]), CAST(:published AS bigint[]),
                CAST(:last AS bigint[]), CAST(:stamps AS bigint[]))
        AS batch(topic, partition, next_offset, published_offset, last_offset, last_timestamp)
    WHERE p.consumer = :consumer AND p.topic = batch.topic AND p.partition = batch.partition
""")


async def open_rows(
    tx: Transaction, consumer: str, starts: Mapping[TopicPartition, int], cluster_id: str
) -> Rows:
    """Add the progress of partitions that have none, at their log's start; returns the locked rows of all of these."""
    await tx.execute(
        _OPEN,
        {"consumer": consumer, "cluster_id": cluster_id, **_columns(starts), "starts": list(starts.values())},
    )
    return await lock(tx, consumer, starts)


async def lock(tx: Transaction, consumer: str, partitions: Mapping[TopicPartition, object]) -> Rows:
    """Lock and return the rows of these partitions, until the transaction ends."""
    found = await tx.execute(_LOCK, {"consumer": consumer, **_columns(partitions)})
    return {
        TopicPartition(row.topic, row.partition): Row(
            row.next_offset,
            row.published_offset,
            row.cluster_id,
            row.published_at,
            row.last_offset,
            row.last_timestamp,
        )
        for row in found
    }


_STAND = text("SELECT topic, partition, next_offset FROM progress WHERE consumer = :consumer")


async def stand(tx: Transaction, consumer: str) -> dict[TopicPartition, int]:
    """The offset below which each partition of a consumer is applied; locks nothing."""
    rows = await tx.execute(_STAND, {"consumer": consumer})
    return {TopicPartition(row.topic, row.partition): row.next_offset for row in rows}


async def advance(
    tx: Transaction,
    consumer: str,
    positions: Mapping[TopicPartition, int],
    published: Mapping[TopicPartition, int],
    last: Mapping[TopicPartition, Record] | None = None,
) -> None:
    """Note that everything below `positions` is applied, and everything below `published` is published too.

    `last`: the last record that was applied of each partition, by which its log is known again.
    """
    if not positions:
        return
    records = [(last or {}).get(partition) for partition in positions]
    await tx.execute(
        _ADVANCE,
        {
            "consumer": consumer,
            **_columns(positions),
            "next": list(positions.values()),
            "published": [published.get(partition, 0) for partition in positions],
            "last": [record and record.offset for record in records],
            "stamps": [record and milliseconds(record.timestamp) for record in records],
        },
    )


def milliseconds(at: datetime) -> int:
    """An instant as Kafka has it: milliseconds since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def refusal_for(row: Row, start: int, end: int, cluster_id: str) -> str | None:
    """Why a partition must not go on from `row`, or None. `start` and `end` are the log's offsets."""
    if row.cluster_id != cluster_id:
        return f"the progress is of another Kafka cluster ({row.cluster_id}, this is {cluster_id})"
    if start > row.published_offset:
        return f"records {row.published_offset} to {start - 1} were deleted before they were applied and published"
    if end < row.next_offset:
        return f"the log ends at {end}, before the applied offset {row.next_offset}: it is not the log that was read"
    return None


def _columns(partitions: Mapping[TopicPartition, object]) -> dict[str, list[object]]:
    return {
        "topics": [partition.topic for partition in partitions],
        "partitions": [partition.partition for partition in partitions],
    }
