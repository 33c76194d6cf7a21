"""Publish to Kafka: idempotent, acknowledged by all replicas, in order per key."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from aiokafka.partitioner import DefaultPartitioner

from chassis.configuration.settings import Settings
from chassis.errors import PublishFailed
from chassis.kafka.producing import Connected, Place, connect
from contracts.envelope import Message

Ack = asyncio.Future[object]
Shares = Mapping[Place, Sequence[Message]]
MANY = 32
REFUSALS = (KafkaError, AssertionError, TypeError, ValueError)


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


@lru_cache(maxsize=50_000)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, by murmur2; remembered, because in Python it takes as long as the rest of a send."""
    everything = list(range(partitions))
    partition: int = DefaultPartitioner()(key, everything, everything)
    return partition


class Publisher:
    """One producer. Keys choose partitions by murmur2, as Kafka's own clients do.

    After a refusal the producer is replaced. Only who sends to a partition that was refused waits for that; the others go
    on with the old one until the new one is connected.
    """

    def __init__(self, settings: Settings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._connected: Connected | None = None
        self._since: dict[int, float] = {}
        self._replacing = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises KafkaConnectionError while no broker answers."""
        self._connected = await connect(self._settings, self._client_id)

    async def stop(self) -> None:
        """Flush what is under way and disconnect; gives up after 5 s, because redelivery publishes it again."""
        connected, self._connected = self._connected, None
        if connected is not None:
            await connected.stop()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order per key and return when the broker has acknowledged every record.

        Raises PublishFailed when one was not; some of the others may have been published.
        """
        if not messages:
            return
        token = id(messages)
        self._since[token] = time.monotonic()
        try:
            while True:
                connected = self._present()
                with connected.in_use():
                    if await self._published(connected, messages):
                        return
                await self._replace(connected)
        finally:
            self._since.pop(token, None)

    def _present(self) -> Connected:
        if self._connected is None:
            raise PublishFailed("the producer is not connected")
        return self._connected

    async def _replace(self, old: Connected) -> None:
        """Connect another producer, and wait until nothing is under way on the old one."""
        async with self._replacing:
            if self._connected is old:
                try:
                    self._connected = await connect(self._settings, self._client_id)
                except (KafkaError, OSError) as error:
                    raise PublishFailed(f"{type(error).__name__}: {error}") from error
                await old.replaced()

    async def _published(self, connected: Connected, messages: Sequence[Message]) -> bool:
        """Return whether they were acknowledged; False where this producer takes them no more, and nothing was sent."""
        shares: Shares = {}
        try:
            shares = await self._shares(connected.producer, messages)
            if not connected.takes(shares):
                return False
            acks = await _send(connected.producer, shares)
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            raise PublishFailed(f"{type(error).__name__}: {error}") from error
        except REFUSALS as error:
            connected.spoil(shares)  # some of these may be under way, and nothing waits for them
            raise PublishFailed(f"{type(error).__name__}: {error}", refused=True) from error
        await _acknowledged(connected, acks)
        return True

    async def _shares(self, producer: AIOKafkaProducer, messages: Sequence[Message]) -> Shares:
        """The messages of each partition, in order."""
        shares: dict[Place, list[Message]] = {}
        for message in messages:
            topic, partition = self._settings.topic_prefix + message.topic, message.partition
            if partition is None:
                partition = partition_of(message.key or b"", len(await producer.partitions_for(topic)))
            shares.setdefault((topic, partition), []).append(message)
        return shares

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has; from the cached metadata. Raises PublishFailed and KafkaError."""
        return len(await self._present().producer.partitions_for(self._settings.topic_prefix + topic))

    def unfinished_for(self) -> float:
        """Seconds since the oldest publish that is still not acknowledged, or 0.

        An idempotent producer never gives a sent batch up, so a publish can hang as long as the broker is away.
        """
        return time.monotonic() - min(self._since.values()) if self._since else 0.0


async def _send(producer: AIOKafkaProducer, shares: Shares) -> list[tuple[Place, Ack]]:
    """Give them to the producer in order.

    Many for one partition go as whole batches, without a future for each. A few go one by one: the caller
    at the same time then shares their batch, while a whole one waits until those before it are gone.
    """
    acks: list[tuple[Place, Ack]] = []
    for place, share in shares.items():
        topic, partition = place
        if len(share) >= MANY:
            for batch in _batches(producer, share):
                acks.append((place, await producer.send_batch(batch, topic, partition=partition)))  # noqa: PERF401
            continue
        for message in share:
            headers = list(message.headers)
            ack = await producer.send(topic, message.value, message.key, partition, headers=headers)
            acks.append((place, ack))
    return acks


async def _acknowledged(connected: Connected, acks: Sequence[tuple[Place, Ack]]) -> None:
    """Wait for all of them. Raises PublishFailed for the first that was not acknowledged."""
    results = await asyncio.gather(*(ack for _, ack in acks), return_exceptions=True)
    refused = [
        (place, result)
        for (place, _), result in zip(acks, results, strict=True)
        if isinstance(result, REFUSALS)
    ]
    connected.spoil({place for place, _ in refused})
    for _, result in refused:
        reason = f"{type(result).__name__}: {result}"
        raise PublishFailed(reason, refused=not getattr(result, "retriable", False)) from result
    for other in results:
        if isinstance(other, BaseException):
            raise other
