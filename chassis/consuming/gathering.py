"""Making batches of the backlog: fair between partitions, bounded by number and weight, decoded on the way."""

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from aiokafka import TopicPartition

from chassis.consuming.applier import Applier
from chassis.consuming.backlog import Backlog
from chassis.consuming.batch import Batch, Read, Subscription
from chassis.consuming.holding import Holding
from chassis.consuming.positions import Offsets, Positions

T = TypeVar("T")
SLICE = 32  # records: decoding them takes some milliseconds
BATCH_BYTES = (
    2 * 1_048_576
)  # whatever a record's bytes mean, each of them is work: lists of people, most of all


class Gathering(Generic[T]):
    """Takes records out of one consumer's backlog."""

    def __init__(
        self,
        subscription: Subscription[T],
        applier: Applier[T],
        backlog: Backlog[T],
        holding: Holding,
        positions: Positions,
    ) -> None:
        self._weigh = subscription.weigh
        self._max_weight = subscription.max_weight
        self._applier = applier
        self._backlog = backlog
        self._holding = holding
        self._positions = positions

    def has_work(self, now: float) -> bool:
        """Return whether a record is waiting that may go on. `now`: monotonic seconds."""
        return any(not self._holding.is_held(partition, now) for partition in self._backlog.partitions())

    def is_full(self) -> bool:
        """Return whether there are enough records for a full batch."""
        return len(self._backlog) >= self._holding.full

    async def gather(self, now: float) -> tuple[Batch[T] | None, Offsets]:
        """The next batch, and how often its partitions had been sought when it was begun. `now`: monotonic seconds.

        The partition that has the least weight in the batch so far gives the next record, so that one with heavy
        records takes no more than its share.
        """
        chosen, most = self._holding.choose(self._backlog.partitions(), now)
        seeks = self._positions.seeks(dict.fromkeys(chosen))
        turns = [(0, turn, partition) for turn, partition in enumerate(chosen)]
        heapify(turns)
        reads: list[Read[T]] = []
        partitions: list[TopicPartition] = []
        since: Offsets = {}
        total = size = decoded = 0
        cut_short = most < self._holding.full
        while turns and len(reads) < most:
            weight, turn, partition = heappop(turns)
            waiting = self._backlog.peek(partition)
            if waiting is None or self._positions.seeks({partition: 0})[partition] != seeks[partition]:
                continue
            if not isinstance(waiting, Read):
                read = self._applier.read(waiting)
                self._backlog.decoded(partition, read)
                decoded += 1
                if decoded % SLICE == 0:
                    await self._applier.idle()
                    heappush(turns, (weight, turn, partition))
                    continue
            else:
                read = waiting
            own = self._weigh(read.value) if self._weigh and read.value is not None else 1
            size += len(read.record.value or b"")
            if reads and (size > BATCH_BYTES or (self._weigh and total + own > self._max_weight)):
                cut_short = True
                break
            self._backlog.pop(partition)
            since.setdefault(partition, self._positions.take(partition, read.record.offset))
            reads.append(read)
            partitions.append(partition)
            total += own
            heappush(turns, (weight + own, turn, partition))
        if cut_short:
            self._backlog.cut_short(chosen)
        for partition in since:
            self._backlog.served(partition)
        batch = Batch(tuple(reads), since, tuple(partitions)) if reads else None
        return batch, {partition: seeks[partition] for partition in since}
