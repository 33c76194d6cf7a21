"""Taking partitions over: seek each to where our own database stands, or halt it where going on would lose records."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from chassis import backoff, clock, telemetry
from chassis.configuration.settings import Settings
from chassis.consuming import progress
from chassis.consuming.batch import TakingOver
from chassis.consuming.positions import Offsets, Positions
from chassis.consuming.same_log import another_log
from chassis.consuming.standstill import stood_since
from chassis.database.transactions import Database
from chassis.health import Health
from chassis.kafka.client import cluster_id
from chassis.reasons import explain

log = telemetry.get_logger()

ALONE_ATTEMPTS = 3


class TakeOver:
    """`done` is set when every assigned partition is ours or halted, or has been tried several times by itself.

    `begun` is called with the partitions that have work, the seconds for which it has waited, and their logs' ends.
    """

    def __init__(
        self,
        consumer: str,
        settings: Settings,
        database: Database,
        positions: Positions,
        health: Health,
        kafka: Callable[[], AIOKafkaConsumer],
        begun: Callable[[Mapping[TopicPartition, float], Offsets], None],
        prepare: TakingOver | None = None,
    ) -> None:
        self.done = asyncio.Event()
        self.halted: set[TopicPartition] = set()
        self._consumer = consumer
        self._settings = settings
        self._database = database
        self._positions = positions
        self._health = health
        self._kafka = kafka
        self._begun = begun
        self._prepare = prepare

    async def run(self, partitions: set[TopicPartition]) -> None:
        """Take these partitions over; tries until each is ours or halted."""
        state = f"assignment ({self._consumer})"
        left = set(partitions)
        attempt = 0
        while left:
            attempt += 1
            # One that cannot be asked about must not keep the others: after a failure each is tried by itself.
            for some in [left] if attempt == 1 else [{partition} for partition in sorted(left)]:
                try:
                    await self._seek_all(some)
                    left = left - some
                except Exception as error:
                    # Whatever it is, reading on without the position would lose records: wait and try again.
                    reason = explain(error, self._settings)
                    self._health.waiting(state, reason)
                    log.warning(
                        "cannot take partitions over",
                        consumer=self._consumer,
                        partitions=len(some),
                        error=reason,
                        attempt=attempt,
                    )
            if left:
                if attempt == ALONE_ATTEMPTS:
                    self.done.set()  # health says which wait; the work for all the others begins
                await asyncio.sleep(
                    backoff.delay(attempt, self._settings.retry_base, self._settings.retry_max)
                )
        self._health.clear(state)
        self.done.set()

    async def _seek_all(self, partitions: set[TopicPartition]) -> None:
        kafka = self._kafka()
        cluster = await cluster_id(self._settings)
        starts = await kafka.beginning_offsets(list(partitions))
        async with self._database.transaction() as tx:
            rows = await progress.open_rows(tx, self._consumer, starts, cluster)
            # Asked under the lock: records that the former owner still applies cannot lie beyond these ends.
            starts, ends = await asyncio.gather(
                kafka.beginning_offsets(list(partitions)), kafka.end_offsets(list(partitions))
            )
        refusals = {
            partition: progress.refusal_for(row, starts[partition], ends[partition], cluster)
            for partition, row in rows.items()
        }
        # Only a log that seems right has the record to compare.
        fit = {partition: row for partition, row in rows.items() if not refusals[partition]}
        refusals |= await another_log(kafka, self._settings, fit, starts)
        fit = {partition: row for partition, row in rows.items() if not refusals[partition]}
        unread = {tp: row.next_offset for tp, row in fit.items() if row.next_offset < ends[tp]}
        if self._prepare is not None and unread:
            await self._prepare(unread)
        still = await _still(kafka, fit, ends)
        for partition, row in rows.items():
            if reason := refusals[partition]:
                self.halt(partition, reason)
            else:
                self.halted.discard(partition)
                kafka.seek(partition, row.published_offset)
                self._positions.own(partition, row.published_offset, row.next_offset, ends[partition])
        self._begun(still, ends)
        log.info("partitions taken over", consumer=self._consumer, partitions=len(partitions))

    def halt(self, partition: TopicPartition, reason: str) -> None:
        """Read this partition no more until an operator has looked at it; the others go on."""
        self._positions.disown(partition)
        self.halted.add(partition)
        with suppress(IllegalStateError):
            self._kafka().pause(partition)
        topic, number = partition.topic, partition.partition
        self._health.halted(topic, number, reason)
        telemetry.HALTED.labels(self._consumer, topic, str(number)).set(1)
        log.error("partition halted", consumer=self._consumer, topic=topic, partition=number, reason=reason)

    def release(self, partition: TopicPartition) -> None:
        """The partition is another process's concern now."""
        self._health.unhalt(partition.topic, partition.partition)
        if partition in self.halted:
            self.halted.discard(partition)
            with suppress(KeyError):
                telemetry.HALTED.remove(self._consumer, partition.topic, str(partition.partition))


async def _still(kafka: AIOKafkaConsumer, rows: progress.Rows, ends: Offsets) -> dict[TopicPartition, float]:
    """Seconds for which each partition has had work and made no progress, whoever owned it; those without are left out."""
    since = {
        partition: progress.milliseconds(row.published_at)
        for partition, row in rows.items()
        if row.published_offset < ends[partition]
    }
    found = await kafka.offsets_for_times(since) if since else {}
    now = progress.milliseconds(clock.now())
    return {
        tp: max(0, now - stood_since(at, rows[tp].published_offset, found.get(tp))) / 1000
        for tp, at in since.items()
    }
