"""The Communication Service as it reports by webhook, and what comes of that."""

from typing import Any
from uuid import uuid4

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from contracts.topics import COMMUNICATION_EVENTS
from tests.component.ingress.running import Ingress

PATH = "/api/appointments/webhooks/communication"


def a_report(kind: str = "notification.delivered", **data: Any) -> bytes:
    """A report on a message of its own."""
    usual = {
        "entity_type": "appointment",
        "entity_id": str(uuid4()),
        "channel": "email",
        "recipient": str(uuid4()),
        "timestamp": "2030-01-01T00:00:00Z",
        "idempotency_key": str(uuid4()),
    }
    return orjson.dumps({"type": kind, "data": usual | data})


async def post(ingress: Ingress, body: bytes, signature: str | None) -> httpx.Response:
    """Send it, with that header."""
    headers = {"X-Signature": signature} if signature is not None else {}
    return await ingress.client.post(PATH, content=body, headers=headers)


async def reports(ingress: Ingress) -> list[ConsumerRecord]:
    """Everything on communication.events."""
    settings = ingress.settings
    name = settings.topic_prefix + COMMUNICATION_EVENTS.name
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        places = [TopicPartition(name, number) for number in range(settings.topic_partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        return found
    finally:
        await consumer.stop()
