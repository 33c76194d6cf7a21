"""The partitions of one consumer: positions, waiting records, holds, and the fetches asked of Kafka."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from chassis import telemetry
from chassis.consuming.backlog import Backlog
from chassis.consuming.batch import Batch
from chassis.consuming.holding import Holding
from chassis.consuming.positions import Positions
from chassis.health import Health

T = TypeVar("T")
log = telemetry.get_logger()


class Partitions(Generic[T]):
    """`kafka` gives the present aiokafka consumer; `wake` is set when there may be work, `room` when polls may go on."""

    def __init__(
        self, name: str, full: int, delay: Callable[[int], float], health: Health, kafka: Callable[[], Any]
    ) -> None:
        self.positions = Positions()
        self.backlog: Backlog[T] = Backlog(full)
        self.holding = Holding(full, delay)
        self.paused: set[TopicPartition] = set()
        self.wake = asyncio.Event()
        self.room = asyncio.Event()
        self._name = name
        self._health = health
        self._consumer = kafka

    @property
    def _kafka(self) -> AIOKafkaConsumer:
        return self._consumer()

    def disown(self, partition: TopicPartition) -> None:
        """Forget a partition: its records will be read again, or are another process's."""
        self.positions.disown(partition)
        self.backlog.drop(partition)
        self.holding.forget(partition)

    def rewind(self, batch: Batch[T]) -> None:
        """Go back to where these partitions were read from for the batch."""
        # Not to the first record: markers before it are noted together with it, so the database stands before them.
        for partition, offset in self.positions.rewind(batch.since).items():
            self.backlog.drop(partition)
            self.seek(partition, offset)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read from `offset` next, unless the partition was taken away meanwhile."""
        with suppress(IllegalStateError):
            self._kafka.seek(partition, offset)

    def flow(self) -> None:
        """Pause in Kafka the partitions that are held or crowded, resume the others, and let the polls go on."""
        now = time.monotonic()
        with suppress(IllegalStateError):
            for partition in self.positions.partitions:
                paused = partition in self.paused
                held = self.holding.is_unread(partition, now)
                if held or self.backlog.is_crowded(partition, paused):
                    self._kafka.pause(partition)
                    self.paused.add(partition)
                elif paused:
                    self._kafka.resume(partition)
                    self.paused.discard(partition)
        if self.backlog.has_room(self.paused):
            self.room.set()

    def hold(self, part: Batch[T], dependency: str, reason: str, most: int | None = None) -> None:
        """Seek these partitions back and let them wait; polling, heartbeats and the other partitions go on."""
        self.rewind(part)
        now = time.monotonic()
        troubles = [
            self.holding.failed(partition, dependency, reason, now, most)
            for partition in part.since
            if partition in self.positions
        ]
        telemetry.RETRIES.labels(self._name, dependency).inc()
        log.warning(
            "waiting",
            consumer=self._name,
            dependency=dependency,
            reason=reason,
            first=part.reads[0].record.position,
            partitions=len(part.since),
            attempt=max((trouble.attempt for trouble in troubles), default=0),
        )
        self._after_trouble()

    def stop_at(self, partition: TopicPartition, reason: str) -> None:
        """Note an unreadable batch of the log: only records before it are applied, and it is retried again and again."""
        trouble = self.holding.failed(partition, "log", reason, time.monotonic(), unreadable=True)
        if trouble.attempt == 1:
            telemetry.UNREADABLE.labels(self._name, "batch").inc()
        log.error("unreadable", consumer=self._name, reason=reason, attempt=trouble.attempt)
        self._after_trouble()

    def _after_trouble(self) -> None:
        self.report_troubles()
        self.flow()
        self.wake.set()

    def report_troubles(self) -> None:
        """Set in health the reason for which each partition in trouble waits."""
        waiting: dict[str, list[str]] = {}
        unreadable: dict[tuple[str, int], str] = {}
        for partition, trouble in self.holding.current().items():
            if trouble.unreadable:
                unreadable[partition.topic, partition.partition] = trouble.reason
            else:
                where = f"{partition.topic}/{partition.partition}"
                waiting.setdefault(f"{trouble.dependency} ({self._name})", []).append(
                    f"{where}: {trouble.reason}"
                )
        reasons = {name: "; ".join(found)[:1_000] for name, found in waiting.items()}
        self._health.troubles(self._name, reasons, unreadable)
