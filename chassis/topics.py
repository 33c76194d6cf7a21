"""Create the topics, and wait until they can be used."""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from chassis.kafka import connection
from chassis.settings import Settings
from contracts.topics import ALL, Topic


async def ensure_topics(settings: Settings, topics: tuple[Topic, ...] = ALL, deadline: float = 30.0) -> None:
    """Create the topics that are absent and wait until every partition has a leader. Existing ones stay as they are.

    Raises TimeoutError after `deadline` seconds, KafkaError when the broker refuses a topic.
    """
    async with asyncio.timeout(deadline):
        admin = AIOKafkaAdminClient(**connection(settings))
        await admin.start()
        try:
            await _create(admin, settings, topics)
        finally:
            await admin.close()
        await _wait_for_leaders(settings, topics)


async def _create(admin: AIOKafkaAdminClient, settings: Settings, topics: tuple[Topic, ...]) -> None:
    existing = set(await admin.list_topics())
    absent = [topic for topic in topics if settings.topic_prefix + topic.name not in existing]
    if not absent:
        return
    answer = await admin.create_topics(
        [
            NewTopic(
                name=settings.topic_prefix + topic.name,
                num_partitions=settings.topic_partitions,
                replication_factor=settings.topic_replication,
                topic_configs=topic.config() | _durability(settings),
            )
            for topic in absent
        ]
    )
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"cannot create topic {name}")


def _durability(settings: Settings) -> dict[str, str]:
    """With three replicas, an acknowledged record is on two of them; with fewer there is nothing to ask for."""
    return {"min.insync.replicas": "2"} if settings.topic_replication >= 3 else {}


async def _wait_for_leaders(settings: Settings, topics: tuple[Topic, ...]) -> None:
    """The first calls after a creation otherwise find no leader and log it loudly."""
    producer = AIOKafkaProducer(**connection(settings))
    await producer.start()
    try:
        for topic in topics:
            while True:
                try:
                    if len(await producer.partitions_for(settings.topic_prefix + topic.name)) >= 1:
                        break
                except KafkaError:
                    pass
                await asyncio.sleep(0.05)
    finally:
        await producer.stop()
