"""Positions of one process on each partition that it owns. Pure bookkeeping: no I/O, no clock.

A poll proves from where to where it read a partition. What it read is ours only where it begins at the very offset at
which the poll before it ended: everything else is read again. Each seek is counted, so that a batch that was made
before a seek is neither applied nor published after it (ADR 8).
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from chassis.consuming.batch import Batch

Offsets = dict[TopicPartition, int]


@dataclass
class Position:
    """Offsets below which everything was scanned, put into batches, applied, published (acked), and noted as published.

    `kept`: below which the database has it as applied, by the last commit. `behind`: the end of the log when the
    partition was taken over.
    """

    scanned: int
    taken: int
    applied: int
    acked: int
    noted: int
    kept: int
    behind: int


class Positions:
    """The partitions of one consumer."""

    def __init__(self) -> None:
        self._own: dict[TopicPartition, Position] = {}
        self._seeks: dict[TopicPartition, int] = {}

    def __contains__(self, partition: TopicPartition) -> bool:
        return partition in self._own

    def __getitem__(self, partition: TopicPartition) -> Position:
        return self._own[partition]

    @property
    def partitions(self) -> list[TopicPartition]:
        """Those that are our own."""
        return list(self._own)

    def own(self, partition: TopicPartition, published: int, applied: int, behind: int = 0) -> None:
        """Note that the partition is ours, and sought to its first unpublished record."""
        self._own[partition] = Position(
            published, published, applied, published, published, applied, max(behind, applied)
        )
        self._sought(partition)

    def disown(self, partition: TopicPartition) -> None:
        """The partition is not ours (any more)."""
        self._own.pop(partition, None)
        self._sought(partition)

    def scan(self, partition: TopicPartition, since: int, upto: int) -> bool | None:
        """Count `since` to before `upto` as read. None: not ours. False: there is a hole before it, nothing counts."""
        position = self._own.get(partition)
        if position is None:
            return None
        if position.scanned != since:
            return False
        position.scanned = upto
        return True

    def take(self, partition: TopicPartition, offset: int) -> int:
        """Put the record at `offset` into a batch; returns the offset since which nothing else was."""
        position = self._own[partition]
        since, position.taken = position.taken, offset + 1
        return since

    def seeks(self, partitions: Mapping[TopicPartition, object]) -> Offsets:
        """Return how often these were sought: if that changes, earlier results are void."""
        return {partition: self._seeks.get(partition, 0) for partition in partitions}

    def rewind(self, offsets: Offsets) -> Offsets:
        """Go back; returns where to seek, which is further back where records wait that are in no batch yet."""
        targets: Offsets = {}
        for partition, offset in offsets.items():
            if position := self._own.get(partition):
                target = min(offset, position.taken)
                position.scanned = position.taken = targets[partition] = target
                self._sought(partition)
        return targets

    def applied(self, batch: Batch[Any]) -> None:
        """The batch is committed in the database."""
        for partition, offset in batch.next().items():
            if position := self._own.get(partition):
                position.applied = max(offset, position.applied)
                position.kept = max(offset, position.kept)

    def published(self, batch: Batch[Any]) -> None:
        """All that followed from the batch is acknowledged."""
        for partition, offset in batch.next().items():
            if position := self._own.get(partition):
                position.acked = max(offset, position.acked)

    def step_over(self, waiting: Container[TopicPartition]) -> None:
        """Where all that was taken is published and no record waits, whatever was scanned since was no record.

        The next batch still begins before it: the note of this may be lost, and then the database stands there.
        """
        for partition, position in self._own.items():
            if partition not in waiting and position.acked >= position.taken:
                position.applied = max(position.applied, position.scanned)
                position.acked = max(position.acked, position.scanned)

    def acked(self) -> Offsets:
        """Everything below these offsets is published."""
        return {partition: position.acked for partition, position in self._own.items()}

    def unnoted(self) -> Offsets:
        """Those that are published but not noted as such."""
        return {tp: position.acked for tp, position in self._own.items() if position.acked > position.noted}

    def noted(self, offsets: Offsets) -> None:
        """It is noted now; the next batch need not begin before it, where retention may take the log away."""
        for partition, offset in offsets.items():
            if position := self._own.get(partition):
                if position.taken < offset <= position.scanned:
                    position.taken = offset
                position.noted = max(offset, position.noted)
                position.kept = max(offset, position.kept)

    def kept(self) -> Offsets:
        """The database has everything below these offsets as applied."""
        return {partition: position.kept for partition, position in self._own.items()}

    def is_behind(self, partition: TopicPartition) -> bool:
        """Return whether the partition is not yet applied up to the log's end at the take-over."""
        position = self._own.get(partition)
        return position is None or position.applied < position.behind

    def lags(self, ends: Mapping[TopicPartition, int]) -> Offsets:
        """Records not yet applied, where the log ends at `ends`."""
        return {tp: max(0, ends[tp] - position.applied) for tp, position in self._own.items() if tp in ends}

    def _sought(self, partition: TopicPartition) -> None:
        self._seeks[partition] = self._seeks.get(partition, 0) + 1


def rewound(kept: Offsets, next_offsets: Mapping[TopicPartition, int]) -> TopicPartition | None:
    """A partition of which the database, which stands at `next_offsets`, knows less than was committed."""
    return next((tp for tp, offset in kept.items() if next_offsets.get(tp, 0) < offset), None)
