"""Records that were read and are in no batch yet: a queue for each partition, drawn from fairly. No I/O."""

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

from aiokafka import TopicPartition

from chassis.consuming.batch import Read
from contracts.envelope import Record

T = TypeVar("T")

TOTAL_BYTES = 24 * 1_048_576
PARTITION_BYTES = 4 * 1_048_576
SLOW_SHARE = (
    4  # of what a partition may otherwise have waiting, one whose records are heavy may have this part
)


class Queue(Generic[T]):
    """The records of one partition, those at the front perhaps decoded."""

    def __init__(self) -> None:
        self.waiting: deque[Record | Read[T]] = deque()
        self.bytes = 0


class Backlog(Generic[T]):
    """`full`: how many records of one partition are enough for now."""

    def __init__(self, full: int) -> None:
        self._full = full
        self._queues: dict[TopicPartition, Queue[T]] = {}
        self._slow: set[TopicPartition] = set()

    def __len__(self) -> int:
        return sum(len(queue.waiting) for queue in self._queues.values())

    def add(self, partition: TopicPartition, records: Iterable[Record]) -> None:
        """Append records in log order."""
        queue = self._queues.setdefault(partition, Queue())
        for record in records:
            queue.waiting.append(record)
            queue.bytes += _size(record)

    def drop(self, partition: TopicPartition) -> None:
        """Forget a partition's records: they will be read again, or are another process's."""
        self._queues.pop(partition, None)
        self._slow.discard(partition)

    def partitions(self) -> list[TopicPartition]:
        """Those of which something waits, the longest waiting first."""
        return [partition for partition, queue in self._queues.items() if queue.waiting]

    def peek(self, partition: TopicPartition) -> "Record | Read[T] | None":
        """Return the next record, decoded if `decoded` is set; None if there is none."""
        queue = self._queues.get(partition)
        return queue.waiting[0] if queue and queue.waiting else None

    def decoded(self, partition: TopicPartition, read: Read[T]) -> None:
        """Keep the decoded form of the next record."""
        self._queues[partition].waiting[0] = read

    def pop(self, partition: TopicPartition) -> None:
        """Take the next record away; the partition then waits its turn behind the others."""
        queue = self._queues[partition]
        taken = queue.waiting.popleft()
        queue.bytes -= _size(taken.record if isinstance(taken, Read) else taken)
        if not queue.waiting:
            self._slow.discard(partition)

    def cut_short(self, partitions: Iterable[TopicPartition]) -> None:
        """A batch was full before these had given all they have: they take long, and must not keep others from polls."""
        self._slow |= {partition for partition in partitions if self.peek(partition) is not None}

    def served(self, partition: TopicPartition) -> None:
        """Let the others come first next time."""
        if queue := self._queues.pop(partition, None):
            self._queues[partition] = queue

    def is_crowded(self, partition: TopicPartition, paused: bool) -> bool:
        """Return whether to stop reading this partition; a paused one stays paused until half is gone."""
        queue = self._queues.get(partition)
        if queue is None:
            return False
        share = (2 if paused else 1) * (SLOW_SHARE if partition in self._slow else 1)
        return len(queue.waiting) > 2 * self._full // share or queue.bytes * share > PARTITION_BYTES

    def has_room(self, paused: "set[TopicPartition]") -> bool:
        """Return whether the next poll may add records; paused partitions do not block the others."""
        if sum(queue.bytes for queue in self._queues.values()) > TOTAL_BYTES:
            return False
        return sum(len(queue.waiting) for tp, queue in self._queues.items() if tp not in paused) < self._full


def _size(record: Record) -> int:
    return len(record.value or b"") + len(record.key or b"")
