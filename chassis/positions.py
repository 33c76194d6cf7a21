"""Where one process stands on each partition that is its own. Pure bookkeeping: no I/O, no clock.

A batch that was drawn from Kafka before a seek, and arrives after it, would leave a hole. So each seek is counted, each
poll stamps its records with the counts at that moment, and records with an older stamp are dropped: the seek sees to it
that they come again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from chassis.batch import Batch
from contracts.envelope import Record

Offsets = dict[TopicPartition, int]


@dataclass
class Position:
    """Offsets below which everything was read, applied, published (acked), and noted as published in the database.

    `kept`: below which the database has it as applied, by what was last committed.
    """

    read: int
    applied: int
    acked: int
    noted: int
    kept: int


class Positions:
    """The partitions of one consumer."""

    def __init__(self) -> None:
        self._own: dict[TopicPartition, Position] = {}
        self._seeks: dict[TopicPartition, int] = {}
        self._stamp: dict[TopicPartition, int] = {}

    def __contains__(self, partition: TopicPartition) -> bool:
        return partition in self._own

    @property
    def partitions(self) -> list[TopicPartition]:
        """Those that are our own."""
        return list(self._own)

    def own(self, partition: TopicPartition, published: int, applied: int) -> None:
        """The partition is ours, and sought to what is not published."""
        self._own[partition] = Position(published, applied, published, published, applied)
        self._sought(partition)

    def disown(self, partition: TopicPartition) -> None:
        """The partition is not ours (any more)."""
        self._own.pop(partition, None)
        self._sought(partition)

    def stamp(self) -> None:
        """Records were drawn from Kafka at this very moment."""
        self._stamp = dict(self._seeks)

    def accept(self, records: Iterable[tuple[TopicPartition, Record]]) -> Batch | None:
        """Of the records last drawn, those that follow on what was read before."""
        since: Offsets = {}
        accepted: list[Record] = []
        partitions: list[TopicPartition] = []
        for partition, record in records:
            position = self._own.get(partition)
            if position is None or self._stamp.get(partition) != self._seeks[partition]:
                continue
            since.setdefault(partition, position.read)
            position.read = record.offset + 1
            accepted.append(record)
            partitions.append(partition)
        return Batch(tuple(accepted), since, tuple(partitions)) if accepted else None

    def seeks(self, batch: Batch) -> dict[TopicPartition, int]:
        """How often the partitions of a batch were sought: if that changes, the batch must not be published."""
        return {partition: self._seeks.get(partition, 0) for partition in batch.since}

    def rewind(self, offsets: Offsets) -> Offsets:
        """Go back; returns where to seek, which is further back where another failure has already gone there."""
        targets: Offsets = {}
        for partition, offset in offsets.items():
            if position := self._own.get(partition):
                position.read = targets[partition] = min(offset, position.read)
                self._sought(partition)
        return targets

    def applied(self, batch: Batch) -> None:
        """The batch is committed in the database."""
        for partition, offset in batch.next().items():
            if position := self._own.get(partition):
                position.applied = max(offset, position.applied)
                position.kept = max(offset, position.kept)

    def published(self, batch: Batch) -> None:
        """All that followed from the batch is acknowledged."""
        for partition, offset in batch.next().items():
            if position := self._own.get(partition):
                position.acked = max(offset, position.acked)

    def step_over(self, partition: TopicPartition, offset: int) -> None:
        """There is nothing between what was read and `offset` but transaction markers; all before is published."""
        position = self._own.get(partition)
        if position is not None and offset > position.read and self._stamp == self._seeks:
            position.read = position.applied = position.acked = offset

    def acked(self) -> Offsets:
        """Everything below these offsets is published."""
        return {partition: position.acked for partition, position in self._own.items()}

    def unnoted(self) -> Offsets:
        """What is published but not noted as such."""
        return {tp: position.acked for tp, position in self._own.items() if position.acked > position.noted}

    def noted(self, offsets: Offsets) -> None:
        """It is noted now."""
        for partition, offset in offsets.items():
            if position := self._own.get(partition):
                position.noted = max(offset, position.noted)
                position.kept = max(offset, position.kept)

    def rewound(self, next_offsets: Mapping[TopicPartition, int]) -> TopicPartition | None:
        """A partition of which the database, which stands at these offsets, knows less than was committed."""
        for partition, position in self._own.items():
            if next_offsets.get(partition, position.kept) < position.kept:
                return partition
        return None

    def lags(self, ends: Mapping[TopicPartition, int]) -> Offsets:
        """Records not yet applied, where the log ends at `ends`."""
        return {tp: max(0, ends[tp] - position.applied) for tp, position in self._own.items() if tp in ends}

    def _sought(self, partition: TopicPartition) -> None:
        self._seeks[partition] = self._seeks.get(partition, 0) + 1
