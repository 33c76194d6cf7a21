"""Polls: each hands its records to the backlog at the very moment of the draw, where they follow on without a hole."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError

from chassis import telemetry
from chassis.configuration.settings import Settings
from chassis.consuming.partitions import Partitions
from chassis.consuming.subscriber import Drawn, Scans
from chassis.health import Health
from chassis.kafka.fetched import UnreadableBatch, record_of
from chassis.reasons import explain
from contracts.envelope import Record

T = TypeVar("T")
log = telemetry.get_logger()


class Polling(Generic[T]):
    """`hole` is called with a partition and the offset from which nothing is proven; `give_up` with a bug of ours.

    `polled_at`: monotonic seconds of the last poll. `waits`: the next one waits for room.
    `denied`: Kafka did not let us be in our group.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        partitions: Partitions[T],
        health: Health,
        hole: Callable[[TopicPartition, int], None],
        give_up: Callable[[Exception], None],
    ) -> None:
        self.polled_at = time.monotonic()
        self.waits = self.denied = False
        self._name = name
        self._settings = settings
        self._partitions = partitions
        self._positions = partitions.positions
        self._backlog = partitions.backlog
        self._health = health
        self._hole = hole
        self._give_up = give_up

    async def room(self) -> None:
        """Return when the backlog can take more."""
        while not self._backlog.has_room(self._partitions.paused):
            self._partitions.room.clear()
            self.waits = True
            await self._partitions.room.wait()
        self.waits, self.polled_at = False, time.monotonic()

    def drawn(self, records: Drawn, scans: Scans) -> None:
        """Queue the records of partitions that are ours, where they follow on without a hole."""
        self.polled_at, self.denied = time.monotonic(), False
        self._health.clear(f"polls ({self._name})")
        try:
            self._take(records, scans)
        except Exception as error:
            self._give_up(error)
        if records:
            self._partitions.flow()
            self._partitions.wake.set()

    def _take(self, records: Drawn, scans: Scans) -> None:
        for partition, (since, upto) in scans.items():
            follows = self._positions.scan(partition, since, upto)
            if follows:
                self._queue(partition, records.get(partition, []), upto > since)
            elif follows is False:
                self._read_again(partition, since)

    def failed(self, error: Exception) -> None:
        """Note a failed poll, which may have lost fetched records: read again from the current position."""
        self.polled_at = time.monotonic()
        self.denied = isinstance(error, GroupAuthorizationFailedError)
        reason = explain(error, self._settings)
        self._health.waiting(f"polls ({self._name})", reason)
        telemetry.RETRIES.labels(self._name, type(error).__name__).inc()
        log.warning("a poll failed", consumer=self._name, error=reason, kind=type(error).__name__)
        for partition in self._positions.partitions:
            self._partitions.seek(partition, self._positions[partition].scanned)

    def _queue(self, partition: TopicPartition, raws: list[Any], read_on: bool) -> None:
        records: list[Record] = []
        unreadable: UnreadableBatch | None = None
        try:
            for raw in raws:
                records.append(record_of(raw, self._settings.topic_prefix))  # noqa: PERF401  (keep those before it)
        except UnreadableBatch as error:
            unreadable = error
        self._backlog.add(partition, records)
        if read_on and self._partitions.holding.readable(partition):
            self._partitions.report_troubles()
        if unreadable is not None:
            self._partitions.stop_at(partition, str(unreadable))

    def _read_again(self, partition: TopicPartition, since: int) -> None:
        """The poll began elsewhere than the one before it ended: nothing proves that no record lies between."""
        scanned = self._positions[partition].scanned
        telemetry.GAPS.labels(self._name).inc()
        log.error(
            "a hole in the log", consumer=self._name, partition=str(partition), read=scanned, next=since
        )
        self._partitions.seek(partition, scanned)
        self._hole(partition, scanned)
