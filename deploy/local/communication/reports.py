"""Delivery reports on Kafka or by webhook, a little after each message was accepted.

The messages table is the outbox: unpublished reports wait there, over an outage and over a restart.
A report that is published twice has the same id and content.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from uuid import UUID, uuid5

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chassis.configuration.settings import Settings
from chassis.kafka.client import connection
from contracts import topics
from contracts.envelope import Envelope
from deploy.local.communication.bounces import outcome_for, worst
from deploy.local.communication.payloads import Bounces
from deploy.local.communication.service import instant_at, rfc3339_fixed
from deploy.local.communication.store import Due, Store

SOURCE = "communication-service"
_REASONS = {"bounced": "The mailbox does not exist.", "failed": "The channel gave up."}
_AT_ONCE = 500
_POLL_SECONDS = 0.1
_PUBLISH_SECONDS = 15
_BACK_OFF_SECONDS = 2.0

logger = logging.getLogger(__name__)

Report = tuple[bytes, bytes, list[tuple[str, bytes]]]
"""Key, value and headers, as a record has them."""


class Way(Protocol):
    """A way for reports. `name`: the medium; each method raises OSError, TimeoutError or KafkaError during an
    outage.
    """

    name: str

    async def connect(self) -> None:
        """Connect; called again after a failure."""

    async def send(self, reports: Sequence[Report]) -> None:
        """Return when all of them have arrived."""

    async def close(self) -> None:
        """Disconnect; `connect` may follow."""


class Reporter:
    """Publish due reports, for ever. Without a way, messages are only marked with their outcome."""

    def __init__(self, store: Store, way: Way | None) -> None:
        self._store = store
        self._way = way
        self._connected = False
        self.kafka = "connecting" if way else "off"

    async def run(self) -> None:
        """Run until cancelled; failed reports are retried for ever."""
        try:
            while True:
                try:
                    await self._report_due()
                except (KafkaError, OSError, TimeoutError) as error:
                    await self._fail(error)
        finally:
            await self._close()

    async def _report_due(self) -> None:
        if self._way and not self._connected:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._way.connect()
            self._connected, self.kafka = True, "up"
            logger.warning("reports go to %s", self._way.name)
        due = self._store.due(time.time_ns() // 1_000, _AT_ONCE)
        if not due:
            await asyncio.sleep(_POLL_SECONDS)
            return
        document = self._store.bounces()
        bounces = Bounces.model_validate_json(document) if document else None
        outcomes = [outcomes_of(message.message, bounces) for message in due]
        if self._way:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._way.send(list(_reports(due, outcomes)))
        self._store.mark_reported(
            [(worst(list(of.values())), message.seq) for message, of in zip(due, outcomes, strict=True)]
        )

    async def _fail(self, error: Exception) -> None:
        if self.kafka != "down":
            logger.warning("reports are not taken, they wait: %r", error)
        self.kafka = "down"
        await self._close()
        await asyncio.sleep(_BACK_OFF_SECONDS)

    async def _close(self) -> None:
        if self._way and self._connected:
            self._connected = False
            await self._way.close()


class Topic:
    """Reports as records of communication.events."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.name = settings.topic_prefix + topics.COMMUNICATION_EVENTS.name
        self._producer: AIOKafkaProducer | None = None

    async def connect(self) -> None:
        """Start a producer."""
        producer = AIOKafkaProducer(
            **connection(self._settings), acks="all", enable_idempotence=True, linger_ms=2
        )
        try:
            await producer.start()
        except BaseException:
            await _stop(producer)
            raise
        self._producer = producer

    async def send(self, reports: Sequence[Report]) -> None:
        """Return once all replicas have them."""
        if self._producer is not None:
            acks = [
                await self._producer.send(self.name, value, key, headers=headers)
                for key, value, headers in reports
            ]
            await asyncio.gather(*acks)

    async def close(self) -> None:
        """Stop the producer."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _stop(producer)


async def _stop(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(1):
            await producer.stop()


def _reports(due: list[Due], outcomes: list[dict[tuple[str, str], str]]) -> Iterator[Report]:
    """Return a report for each recipient and channel of messages that have an entity."""
    for message, of in zip(due, outcomes, strict=True):
        if (entity := message.message["entity_id"]) is not None:
            for (recipient, channel), outcome in of.items():
                yield (entity.encode(), *report(message, recipient, channel, outcome))


def outcomes_of(message: dict[str, Any], bounces: Bounces | None) -> dict[tuple[str, str], str]:
    """Return the outcome of a message for each recipient and channel."""
    return {
        (recipient, channel): outcome_for(bounces, recipient, channel)
        for recipient in dict.fromkeys(message["recipients"])
        for channel in dict.fromkeys(message["channels"])
    }


def report(due: Due, recipient: str, channel: str, outcome: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return value and headers of one delivery report; its id follows from the message, recipient and
    channel.
    """
    message, at = due.message, instant_at(due.report_at)
    kind = f"notification.{outcome}"
    data = {
        "entity_type": message["entity_type"] or "",
        "entity_id": message["entity_id"],
        "channel": channel,
        "recipient": recipient,
        "timestamp": rfc3339_fixed(at),
        "idempotency_key": message["idempotency_key"],
        "notification_id": message["id"],
    }
    if outcome in _REASONS:
        data["reason"] = _REASONS[outcome]
    identifier = uuid5(UUID(message["id"]), f"{recipient}/{channel}")
    envelope = Envelope(identifier, kind, SOURCE, subject=message["entity_id"], time=at)
    return orjson.dumps({"type": kind, "data": data}), list(envelope.headers())
