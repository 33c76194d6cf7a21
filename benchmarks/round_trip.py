"""The speed of Kafka itself on this machine: a record out and back."""

import asyncio
import math
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.world import World
from chassis.kafka.client import connection

RATE = 20.0
SECONDS, QUICK_SECONDS = 10.0, 2.0
_VALUE = b"x" * 700


async def round_trip(world: World) -> dict[str, Any]:
    """Return milliseconds from sending a record to reading it, 20 times a second; acknowledged, aiokafka at
    both ends.
    """
    topic = f"{world.topic_prefix}round-trip"
    admin = AIOKafkaAdminClient(**connection(world.settings()))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    producer = AIOKafkaProducer(**connection(world.settings()), acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(**connection(world.settings()), auto_offset_reset="earliest")
    await producer.start()
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await _there_and_back(producer, consumer, topic)
        taken = []
        for _ in range(int(RATE * (QUICK_SECONDS if world.quick else SECONDS))):
            taken.append(await _there_and_back(producer, consumer, topic))
            await asyncio.sleep(1 / RATE)
    finally:
        await producer.stop()
        await consumer.stop()
    taken.sort()
    return {f"p{share}_ms": round(_percentile(taken, share / 100), 2) for share in (50, 95)}


async def _there_and_back(producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, topic: str) -> float:
    began = time.perf_counter()
    await producer.send(topic, _VALUE)
    await consumer.getone()
    return (time.perf_counter() - began) * 1000


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
