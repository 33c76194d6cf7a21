"""Publish to Kafka: idempotent, acknowledged by all replicas, in order per key."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from aiokafka.partitioner import DefaultPartitioner

from chassis.configuration.settings import METADATA_AGE_MS, Settings
from chassis.errors import PublishFailed
from chassis.kafka.client import connection
from contracts.envelope import Message

Ack = asyncio.Future[object]
MANY = 32
FLUSH_WITHIN = 5.0  # seconds
MAX_REQUEST_BYTES = 2 * 1_048_576 + 65_536  # a dead letter carries a whole record of 1 MiB and its story


def _batches(producer: AIOKafkaProducer, messages: Sequence[Message]) -> Iterator[Any]:
    batch = producer.create_batch()
    for message in messages:
        record = {
            "timestamp": None,
            "key": message.key,
            "value": message.value,
            "headers": list(message.headers),
        }
        if batch.append(**record) is None:
            yield batch
            batch = producer.create_batch()
            batch.append(**record)
    yield batch


async def _stop(producer: AIOKafkaProducer | None) -> None:
    if producer is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(producer.stop(), FLUSH_WITHIN)


@lru_cache(maxsize=50_000)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, by murmur2; remembered, because in Python it takes as long as the rest of a send."""
    everything = list(range(partitions))
    partition: int = DefaultPartitioner()(key, everything, everything)
    return partition


class Publisher:
    """One producer. Keys choose partitions by murmur2, as Kafka's own clients do.

    A broker that refused a batch leaves aiokafka's producer counting on: it takes no later record of that partition, for
    ever. So after a refusal the producer is replaced, as soon as nothing is under way on it.
    """

    def __init__(self, settings: Settings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._since: dict[int, float] = {}
        self._turn = asyncio.Condition()
        self._under_way = 0
        self._spoilt = False

    async def start(self) -> None:
        """Connect. Raises KafkaConnectionError while no broker answers."""
        producer = AIOKafkaProducer(
            **connection(self._settings),
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=self._settings.linger_ms,
            max_batch_size=262_144,
            max_request_size=MAX_REQUEST_BYTES,
            metadata_max_age_ms=METADATA_AGE_MS,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Flush what is under way and disconnect; gives up after 5 s, because redelivery publishes it again."""
        producer, self._producer = self._producer, None
        await _stop(producer)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order per key and return when the broker has acknowledged every record.

        Raises PublishFailed when one was not; some of the others may have been published.
        """
        if not messages:
            return
        token = id(messages)
        self._since[token] = time.monotonic()
        try:
            async with self._sound_producer() as producer:
                await self._acknowledged(await self._sent(producer, messages))
        finally:
            self._since.pop(token, None)

    @asynccontextmanager
    async def _sound_producer(self) -> AsyncIterator[AIOKafkaProducer]:
        async with self._turn:
            await self._turn.wait_for(lambda: not self._spoilt or not self._under_way)
            if self._spoilt:
                await self._renew()
            if self._producer is None:
                raise PublishFailed("the producer is not connected")
            producer = self._producer
            self._under_way += 1
        try:
            yield producer
        finally:
            self._under_way -= 1
            async with self._turn:
                self._turn.notify_all()

    async def _renew(self) -> None:
        """Replace the producer; until the new one is connected, the old one still knows how many partitions there are."""
        old = self._producer
        try:
            await self.start()
        except (KafkaError, OSError) as error:
            raise PublishFailed(f"{type(error).__name__}: {error}") from error
        self._spoilt = False
        await _stop(old)

    async def _sent(self, producer: AIOKafkaProducer, messages: Sequence[Message]) -> list[Ack]:
        try:
            return await self._send(producer, messages)
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            raise PublishFailed(f"{type(error).__name__}: {error}") from error
        except (KafkaError, AssertionError, TypeError, ValueError) as error:
            self._spoilt = True  # some of these may be under way, and nothing waits for them
            raise PublishFailed(f"{type(error).__name__}: {error}", refused=True) from error

    async def _acknowledged(self, acks: Sequence[Ack]) -> None:
        for result in await asyncio.gather(*acks, return_exceptions=True):
            if isinstance(result, KafkaError | AssertionError | TypeError | ValueError):
                self._spoilt = True
                reason = f"{type(result).__name__}: {result}"
                raise PublishFailed(reason, refused=not getattr(result, "retriable", False)) from result
            if isinstance(result, BaseException):
                raise result

    async def _send(self, producer: AIOKafkaProducer, messages: Sequence[Message]) -> list[Ack]:
        """Give them to the producer in order.

        Many for one partition go as whole batches, without a future for each. A few go one by one: the caller
        at the same time then shares their batch, while a whole one waits until those before it are gone.
        """
        shares: dict[tuple[str, int], list[Message]] = {}
        for message in messages:
            topic, partition = self._settings.topic_prefix + message.topic, message.partition
            if partition is None:
                partition = partition_of(message.key or b"", len(await producer.partitions_for(topic)))
            shares.setdefault((topic, partition), []).append(message)
        acks: list[Ack] = []
        for (topic, partition), share in shares.items():
            if len(share) >= MANY:
                for batch in _batches(producer, share):
                    acks.append(await producer.send_batch(batch, topic, partition=partition))  # noqa: PERF401
                continue
            for message in share:
                acks.append(  # noqa: PERF401
                    await producer.send(
                        topic, message.value, message.key, partition, headers=list(message.headers)
                    )
                )
        return acks

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has; from the cached metadata. Raises PublishFailed and KafkaError."""
        if self._producer is None:
            raise PublishFailed("the producer is not connected")
        return len(await self._producer.partitions_for(self._settings.topic_prefix + topic))

    def unfinished_for(self) -> float:
        """Seconds since the oldest publish that is still not acknowledged, or 0.

        An idempotent producer never gives a sent batch up, so a publish can hang as long as the broker is away.
        """
        return time.monotonic() - min(self._since.values()) if self._since else 0.0
