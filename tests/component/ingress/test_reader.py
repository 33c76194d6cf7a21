"""Where the ingress begins to read."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.configuration.settings import Settings
from chassis.topics.creation import ensure_topics
from contracts.topics import PROJECTOR_EVENTS
from services.ingress.live.reader import BEGIN_WITHIN, LONG_POLL_MS, Offsets, Reader
from tests.support import eventually
from tests.support.world import new_world, remove_world

QUESTIONS = 2 * round(BEGIN_WITHIN * 1000 / LONG_POLL_MS)


async def test_questions_about_silent_partitions_wait_for_no_long_poll(
    kafka_bootstrap: str, database_server: str
) -> None:
    """Each would wait for one: together longer than the start may take, and it would be tried again for ever."""
    world = new_world(kafka_bootstrap, database_server)
    settings = Settings(
        kafka_bootstrap_servers=world.bootstrap,
        database_url=world.database_url,
        topic_prefix=world.topic_prefix,
        topic_partitions=1,
    )
    await ensure_topics(settings, (PROJECTOR_EVENTS,))

    async def begin(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> Offsets:
        positions = {
            each: await consumer.position(each) for each in partitions
        }  # known: it could poll from now on
        for _ in range(QUESTIONS):
            await consumer.end_offsets(partitions)
        return positions

    reader = Reader(settings, [(PROJECTOR_EVENTS.name, 0)], begin, lambda records: None)
    running = asyncio.create_task(reader.run())
    try:
        await eventually(lambda: reader.reading.is_set(), BEGIN_WITHIN)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await remove_world(world)
