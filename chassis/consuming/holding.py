"""Partitions in trouble: each waits by itself, comes back alone and with fewer records, and hinders no other. No I/O."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiokafka import TopicPartition


@dataclass
class Trouble:
    """Why and for how long a partition is held. `until`: monotonic seconds. `most`: records that its next batch may have."""

    dependency: str
    reason: str
    attempt: int
    until: float
    most: int
    unreadable: bool = False


@dataclass
class Holding:
    """`delay` returns the seconds to wait after the n-th failure; `full` is how many records a batch may have."""

    full: int
    delay: Callable[[int], float]
    _troubles: dict[TopicPartition, Trouble] = field(default_factory=dict)
    _served_alone: bool = False

    def __contains__(self, partition: TopicPartition) -> bool:
        return partition in self._troubles

    def failed(
        self,
        partition: TopicPartition,
        dependency: str,
        reason: str,
        now: float,
        most: int | None = None,
        unreadable: bool = False,
    ) -> Trouble:
        """Hold a partition after a failure; `most` bounds its next batch where it was too much."""
        before = self._troubles.get(partition)
        attempt = before.attempt + 1 if before else 1
        most = max(1, min(most or self.full, before.most if before else self.full))
        until = now + self.delay(attempt)
        self._troubles[partition] = Trouble(dependency, reason, attempt, until, most, unreadable)
        return self._troubles[partition]

    def succeeded(self, partitions: Iterable[TopicPartition]) -> bool:
        """Let partitions go on, with larger batches each time. Returns whether one of them was in trouble."""
        eased = False
        for partition in partitions:
            trouble = self._troubles.get(partition)
            if trouble is not None and not trouble.unreadable:
                eased = True
                trouble.attempt, trouble.until, trouble.most = 0, 0.0, trouble.most * 2
                if trouble.most >= self.full:
                    del self._troubles[partition]
        return eased

    def readable(self, partition: TopicPartition) -> bool:
        """A partition could be read on. Returns whether it could not be before."""
        trouble = self._troubles.get(partition)
        if trouble is None or not trouble.unreadable:
            return False
        del self._troubles[partition]
        return True

    def forget(self, partition: TopicPartition) -> None:
        """Hold a partition no more, without a word on how it went."""
        self._troubles.pop(partition, None)

    def is_held(self, partition: TopicPartition, now: float) -> bool:
        """Return whether a partition's records have to wait."""
        trouble = self._troubles.get(partition)
        return trouble is not None and trouble.until > now and not trouble.unreadable

    def is_unread(self, partition: TopicPartition, now: float) -> bool:
        """Return whether to read nothing of a partition for a while; records read before may still go on."""
        trouble = self._troubles.get(partition)
        return trouble is not None and trouble.until > now

    def attempts(self, partition: TopicPartition) -> int:
        """How often a partition has failed in a row."""
        trouble = self._troubles.get(partition)
        return trouble.attempt if trouble else 0

    def current(self) -> dict[TopicPartition, Trouble]:
        """The partitions that have failed and not gone on since."""
        return {partition: trouble for partition, trouble in self._troubles.items() if trouble.attempt}

    def next_release(self, now: float) -> float | None:
        """Seconds until the next partition may go on, or None."""
        waits = [trouble.until - now for trouble in self._troubles.values() if trouble.until > now]
        return min(waits) if waits else None

    def choose(self, waiting: list[TopicPartition], now: float) -> tuple[list[TopicPartition], int]:
        """The partitions of the next batch and how many records it may have; those in trouble alone, in turn."""
        free = [partition for partition in waiting if not self.is_held(partition, now)]
        well = [partition for partition in free if partition not in self._troubles]
        ill = next((partition for partition in free if partition in self._troubles), None)
        self._served_alone = ill is not None and (not well or not self._served_alone)
        if ill is not None and self._served_alone:
            return [ill], self._troubles[ill].most
        return well, self.full
