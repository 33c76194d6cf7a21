"""Taking partitions over: seek each to where our own database stands, or halt it where going on would lose records."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from chassis import backoff, progress, telemetry
from chassis.database import Database
from chassis.health import Health
from chassis.kafka import cluster_id
from chassis.positions import Positions
from chassis.settings import Settings

log = telemetry.get_logger()


class TakeOver:
    """`done` is set while every assigned partition is ours or halted."""

    def __init__(
        self,
        consumer: str,
        settings: Settings,
        database: Database,
        positions: Positions,
        health: Health,
        kafka: Callable[[], AIOKafkaConsumer],
    ) -> None:
        self.done = asyncio.Event()
        self._consumer = consumer
        self._settings = settings
        self._database = database
        self._positions = positions
        self._health = health
        self._kafka = kafka

    async def run(self, partitions: set[TopicPartition]) -> None:
        """Take these partitions over; tries until it succeeds."""
        state = f"assignment ({self._consumer})"
        for attempt in range(1, 1_000_000):
            try:
                await self._seek_all(partitions)
                break
            except Exception as error:
                # Whatever it is, reading on without the position would lose records: wait and try again.
                self._health.waiting(state, f"{type(error).__name__}: {str(error)[:200]}")
                log.warning(
                    "cannot take partitions over", consumer=self._consumer, error=str(error), attempt=attempt
                )
                await asyncio.sleep(
                    backoff.delay(attempt, self._settings.retry_base, self._settings.retry_max)
                )
        self._health.clear(state)
        self.done.set()

    async def _seek_all(self, partitions: set[TopicPartition]) -> None:
        if not partitions:
            return
        kafka = self._kafka()
        starts, ends = await asyncio.gather(
            kafka.beginning_offsets(list(partitions)), kafka.end_offsets(list(partitions))
        )
        cluster = await cluster_id(self._settings)
        async with self._database.transaction() as tx:
            rows = await progress.open_rows(tx, self._consumer, starts, cluster)
        for partition, row in rows.items():
            reason = progress.refusal_for(row, starts[partition], ends[partition], cluster)
            if reason:
                self.halt(partition, reason)
            else:
                kafka.seek(partition, row.published_offset)
                self._positions.own(partition, row.published_offset, row.next_offset)
        log.info("partitions taken over", consumer=self._consumer, partitions=len(partitions))

    def halt(self, partition: TopicPartition, reason: str) -> None:
        """Read this partition no more until an operator has looked at it; the others go on."""
        self._positions.disown(partition)
        with suppress(IllegalStateError):
            self._kafka().pause(partition)
        topic, number = partition.topic, partition.partition
        self._health.halted(topic, number, reason)
        log.error("partition halted", consumer=self._consumer, topic=topic, partition=number, reason=reason)
