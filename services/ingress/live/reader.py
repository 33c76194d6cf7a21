"""Read partitions without a group: the ingress keeps no position, it only needs a place to begin."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis import backoff, telemetry
from chassis.configuration.settings import Settings
from chassis.kafka.fetched import readable
from chassis.kafka.log import consumer as log_consumer
from chassis.kafka.log import stopped

log = telemetry.get_logger()

LONG_POLL_MS = 1_000  # the broker answers as soon as there is a record, so this adds no latency
PROBE_EVERY = 2.0  # seconds
PROBE_WITHIN = (
    3.0  # seconds, longer than a long poll: the broker answers a connection's requests one after the other
)
STUCK_PROBES = 4  # so many probes in a row that see unread records and no progress: the consumer is stuck

BEGIN_WITHIN = 10.0  # seconds

Offsets = dict[TopicPartition, int]
Begin = Callable[[AIOKafkaConsumer, Sequence[TopicPartition]], Awaitable[Offsets]]
"""Given a connected consumer, returns the offset of the first record to read of each partition."""


async def at_end(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> Offsets:
    """Return the ends: only later records are read."""
    ends: Offsets = await consumer.end_offsets(partitions)
    return ends


class Reader:
    """Reads some partitions from the offsets that `begin` returns; connects again when it fails.

    One consumer for all of them: each polls the broker again and again, which costs both more than the
    records do. aiokafka leaves a partition out of a long poll only while its records are undrained, so they
    are handled at once and without waiting for anything.
    """

    def __init__(
        self,
        settings: Settings,
        partitions: Sequence[tuple[str, int]],
        begin: Begin,
        handle: Callable[[Sequence[Any]], None],
    ) -> None:
        self._settings = settings
        self._changed = asyncio.Event()
        self.follow(partitions)
        self._begin = begin
        self._handle = handle
        self.reading = asyncio.Event()
        self.reachable = False
        self.failure: BaseException | None = None

    def follow(self, partitions: Sequence[tuple[str, int]]) -> None:
        """Read these partitions from now on, from the offsets that `begin` returns."""
        self._partitions = [
            TopicPartition(self._settings.topic_prefix + topic, number) for topic, number in partitions
        ]
        self._changed.set()

    async def run(self) -> None:
        """Read until cancelled."""
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                await self._connect_and_read()
            except (KafkaError, OSError, TimeoutError) as error:
                self.failure = error
                log.warning("reader failed", topic=self._partitions[0].topic, error=repr(error))
            except Exception:
                log.exception("reader failed", topic=self._partitions[0].topic)
            finally:
                if not self._changed.is_set():
                    self.reading.clear()
                    self.reachable = False
            attempt = attempt + 1 if time.monotonic() - began < 30 else 1
            await asyncio.sleep(backoff.delay(attempt, self._settings.retry_base, 2.0))

    async def _connect_and_read(self) -> None:
        partitions = self._partitions
        self._changed.clear()
        consumer = log_consumer(
            self._settings,
            "appointments-ingress",
            auto_offset_reset="latest",
            fetch_max_wait_ms=LONG_POLL_MS,
            retry_backoff_ms=50,
        )
        try:
            await consumer.start()
            consumer.assign(partitions)
            # Otherwise it polls from the end meanwhile, and each call of `begin` waits for a long poll to
            # end.
            consumer.pause(*partitions)
            async with asyncio.timeout(BEGIN_WITHIN):
                offsets = await self._begin(consumer, partitions)
            for partition, offset in offsets.items():
                consumer.seek(partition, offset)
            consumer.resume(*partitions)
            self.reachable = True
            self.failure = None
            self.reading.set()
            await _first_of(self._read(consumer), self._probe(consumer, partitions), self._until_changed())
        finally:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(stopped(consumer), 2)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            found = await consumer.getmany(timeout_ms=LONG_POLL_MS)
            readable(found)
            for records in found.values():
                self._handle(records)

    async def _until_changed(self) -> None:
        await self._changed.wait()

    async def _probe(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        """Notice a broker that is away, and a consumer that makes no progress though there are records to
        read.
        """
        stuck, before = 0, Offsets()
        while True:
            await asyncio.sleep(PROBE_EVERY)
            try:
                async with asyncio.timeout(PROBE_WITHIN):
                    here = {each: await consumer.position(each) for each in partitions}
                    ends = await consumer.end_offsets(partitions)
            except (KafkaError, TimeoutError):
                self.reachable = False
                continue
            self.reachable = True
            standing = [each for each, offset in here.items() if before.get(each) == offset < ends[each]]
            stuck, before = (stuck + 1 if standing else 0), here
            if stuck >= STUCK_PROBES:
                raise KafkaError(f"{standing[0]} stands at {here[standing[0]]} of {ends[standing[0]]}")


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run these side by side until one ends or fails; the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
