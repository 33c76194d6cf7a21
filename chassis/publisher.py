"""Publish to Kafka: idempotent, acknowledged by all replicas, in order per key."""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chassis.errors import PublishFailed
from chassis.settings import Settings
from contracts.envelope import Message

MAX_REQUEST_BYTES = 2 * 1_048_576 + 65_536  # a dead letter carries a whole record of 1 MiB and its story


class Publisher:
    """One producer. Keys choose partitions by murmur2, as Kafka's own clients do."""

    def __init__(self, settings: Settings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._since: dict[int, float] = {}

    async def start(self) -> None:
        """Connect. Raises KafkaConnectionError while no broker answers."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap_servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=self._settings.linger_ms,
            max_batch_size=262_144,
            max_request_size=MAX_REQUEST_BYTES,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Flush what is under way and disconnect; gives up after 5 s, because redelivery publishes it again."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            try:
                await asyncio.wait_for(producer.stop(), 5)
            except TimeoutError:
                return

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order per key and return when the broker has acknowledged every record.

        Raises PublishFailed when one was not; some of the others may have been published.
        """
        if not messages:
            return
        if self._producer is None:
            raise PublishFailed("the producer is not connected")
        token = id(messages)
        self._since[token] = time.monotonic()
        try:
            acks = [await self._send(self._producer, message) for message in messages]
            for result in await asyncio.gather(*acks, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise PublishFailed(f"{type(result).__name__}: {result}") from result
        except (KafkaError, AssertionError, TypeError, ValueError) as error:
            raise PublishFailed(f"{type(error).__name__}: {error}") from error
        finally:
            self._since.pop(token, None)

    async def _send(self, producer: AIOKafkaProducer, message: Message) -> "asyncio.Future[object]":
        ack: asyncio.Future[object] = await producer.send(
            self._settings.topic_prefix + message.topic,
            message.value,
            key=message.key,
            partition=message.partition,
            headers=list(message.headers),
        )
        return ack

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has; from the cached metadata."""
        if self._producer is None:
            raise PublishFailed("the producer is not connected")
        return len(await self._producer.partitions_for(self._settings.topic_prefix + topic))

    def unfinished_for(self) -> float:
        """Seconds since the oldest publish that is still not acknowledged, or 0.

        An idempotent producer never gives a sent batch up, so a publish can hang as long as the broker is away.
        """
        return time.monotonic() - min(self._since.values()) if self._since else 0.0
