"""The true state by the logs, the database and the published messages, without the chassis' opinion."""

from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka import TopicPartition

from tests.simulation import ledger
from tests.simulation.database import Server
from tests.simulation.kafka import Broker
from tests.simulation.log import Entry, Kind
from tests.simulation.world import World

_NOWHERE = {"next_offset": 0, "published_offset": -1, "last_offset": None}
_FOR_US = (Kind.GOOD, Kind.BAD_NAME)


@dataclass(frozen=True)
class Facts:
    """Questions about the state of a simulation."""

    world: World
    broker: Broker
    server: Server

    @property
    def partitions(self) -> list[TopicPartition]:
        """All of the topic."""
        return list(self.broker.logs)

    def row(self, partition: TopicPartition) -> dict[str, int | None]:
        """The progress of a partition."""
        return self.server.contents.progress.get(tuple(partition), _NOWHERE)

    def records(self, partition: TopicPartition) -> Iterator[Entry]:
        """The records of which something must become, also those that retention took too early."""
        log = self.broker.logs[partition]
        for entry in (*log.deleted, *log.entries(_FOR_US)):
            if not entry.value.startswith(ledger.IGNORED.encode()):
                yield entry

    def is_settled(self, partition: TopicPartition, offset: int) -> bool:
        """Whether the record is in the ledger or set aside."""
        contents = self.server.contents
        return (tuple(partition), offset) in contents.applied or (*partition, offset) in contents.letters

    def is_published(self, partition: TopicPartition, offset: int) -> bool:
        """Whether something that follows from the record was acknowledged."""
        return position(partition, offset) in self.world.published

    def must_halt(self, partition: TopicPartition) -> bool:
        """Whether nobody can go on there without a person: unreadable, made anew, or deleted before it was settled."""
        log = self.broker.logs[partition]
        lost = (not self.is_settled(partition, entry.offset) for entry in log.deleted)
        return log.readable_end < log.end or log.generation > 0 or any(lost)

    def may_halt(self, partition: TopicPartition) -> bool:
        """Whether something is gone that nobody can know about: it may have been a marker, or a record."""
        return self.broker.logs[partition].start > (self.row(partition)["published_offset"] or 0)

    def first_waiting(self, partition: TopicPartition) -> int | None:
        """The offset of the first record of which nothing was published yet, or None."""
        offsets = (entry.offset for entry in self.records(partition))
        return next((offset for offset in offsets if not self.is_published(partition, offset)), None)

    def lagging(self) -> list[int]:
        """The partitions with something that can be read and is not applied and published.

        That it is noted as published may be lost in a restore; then it is published once more after the next start.
        """
        return [partition.partition for partition in self.partitions if self._lags(partition)]

    def _lags(self, partition: TopicPartition) -> bool:
        log = self.broker.logs[partition]
        if log.generation or not log.batches or self.may_halt(partition):
            return False
        applied = self.row(partition)["next_offset"] or 0
        return applied < log.readable_end or not all(
            self.is_published(partition, entry.offset) for entry in self.records(partition)
        )


def position(partition: TopicPartition, offset: int) -> str:
    """`topic/partition/offset`, as messages name their cause."""
    return f"{partition.topic}/{partition.partition}/{offset}"
