"""Positions that an operator set: kept beside the progress, so that it is known later who skipped what, and why."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from aiokafka import TopicPartition
from sqlalchemy import text

from chassis.database.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Change:
    """One partition that was set: from where, to where, by whom, and for which reason. `halted`: why it had stopped."""

    id: UUID
    consumer: str
    topic: str
    partition: int
    changed_at: datetime
    changed_by: str
    reason: str
    halted: str
    old_next_offset: int
    old_published_offset: int
    old_cluster_id: str
    next_offset: int
    published_offset: int
    cluster_id: str


_KEEP = text("""
    INSERT INTO position_changes (id, consumer, topic, partition, changed_at, changed_by, reason, halted, old_next_offset,
                                  old_published_offset, old_cluster_id, next_offset, published_offset, cluster_id)
    VALUES (:id, :consumer, :topic, :partition, :changed_at, :changed_by, :reason, :halted, :old_next_offset,
            :old_published_offset, :old_cluster_id, :next_offset, :published_offset, :cluster_id)
""")
_IS_THERE = text("SELECT to_regclass('position_changes') IS NOT NULL")
_LAST = text("""
    SELECT DISTINCT ON (consumer, topic, partition) id, consumer, topic, partition, changed_at, changed_by, reason, halted,
           old_next_offset, old_published_offset, old_cluster_id, next_offset, published_offset, cluster_id
    FROM position_changes ORDER BY consumer, topic, partition, changed_at DESC
""")


async def can_keep(tx: Transaction) -> bool:
    """Whether the database has the table: one of an earlier release has not."""
    return bool(await tx.scalar(_IS_THERE))


async def keep(tx: Transaction, change: Change) -> None:
    """Write it down, for good."""
    await tx.execute(_KEEP, asdict(change))


async def last(tx: Transaction) -> dict[tuple[str, TopicPartition], Change]:
    """The last change of each partition of each consumer; nothing in a database of an earlier release."""
    rows = await tx.execute(_LAST) if await can_keep(tx) else []
    return {(row.consumer, TopicPartition(row.topic, row.partition)): Change(*row) for row in rows}
