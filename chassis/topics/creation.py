"""Create the topics, wait until they can be used, and check their settings."""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from chassis import telemetry
from chassis.configuration.settings import Settings
from chassis.health import Health
from chassis.kafka.client import connection
from chassis.topics import administration
from chassis.topics.drift import BREAKS, IN_SYNC, Actual, Difference, absent, drift, sized, uneven
from contracts.topics import ALL, Topic

log = telemetry.get_logger()

CHECK_EVERY = 3.0  # seconds
PART = "topics"


async def until_sound(settings: Settings, topics: Sequence[Topic], health: Health) -> None:
    """Return once no drift of these topics breaks a guarantee; until then health names the drift.

    Reading or writing before that could decide by a wrong clock or lose records.
    """
    while True:
        try:
            found = await check_topics(settings, topics)
        except (KafkaError, OSError, TimeoutError) as error:
            health.waiting(PART, f"cannot be checked: {type(error).__name__}: {str(error)[:200]}")
        else:
            broken = [difference for difference in found if difference.severity == BREAKS]
            if not broken:
                break
            health.down(PART, _sentence(broken))
            log.error("a topic breaks a guarantee", reason=broken[0].sentence, more=len(broken) - 1)
        await asyncio.sleep(CHECK_EVERY)
    health.clear(PART)
    for difference in found:
        log.warning("a topic differs from its contract", reason=difference.sentence)


async def look_again(settings: Settings, topics: Sequence[Topic], health: Health) -> None:
    """Say in health whether the settings of these topics still hold, while the service works. Raises KafkaError.

    Numbers of partitions are left to the start: they differ for a moment while topics are resized.
    """
    broken = [
        difference
        for difference in await check_topics(settings, topics)
        if difference.severity == BREAKS and difference.setting != "partitions"
    ]
    if broken:
        health.down(PART, _sentence(broken))
        log.error("a topic breaks a guarantee", reason=broken[0].sentence, more=len(broken) - 1)
    else:
        health.clear(PART)


async def check_topics(settings: Settings, topics: Sequence[Topic]) -> list[Difference]:
    """Return these topics' drift from their contract, drift that breaks a guarantee first.

    Settings that we may not ask for are taken as right, with a warning in the log. Raises KafkaError.
    """
    found = await administration.describe(settings, topics)
    hidden = sorted(topic.name for topic, actual in found.items() if actual.settings is None)
    if hidden:
        log.warning("settings of topics cannot be checked without DescribeConfigs", topics=hidden)
    return differences(settings, topics, found)


def differences(
    settings: Settings, topics: Sequence[Topic], found: Mapping[Topic, Actual]
) -> list[Difference]:
    """Return the drift of `found` from these topics' contract, drift that breaks a guarantee first."""
    all_of_them = [
        *(absent(topic) for topic in topics if topic not in found),
        *(difference for topic, actual in found.items() for difference in drift(topic, actual)),
        *uneven(found),
        *sized(found, *_wanted(settings)),
    ]
    return sorted(all_of_them, key=lambda difference: difference.severity)


def _wanted(settings: Settings) -> tuple[int | None, int | None]:
    """Return the partitions and replicas that the operator asks for; defaults are not asked for."""
    given = settings.model_fields_set
    return (
        settings.topic_partitions if "topic_partitions" in given else None,
        settings.topic_replication if "topic_replication" in given else None,
    )


def _sentence(broken: Sequence[Difference]) -> str:
    more = f"; and {len(broken) - 1} more (see: appointments topics)" if len(broken) > 1 else ""
    return broken[0].sentence + more


async def ensure_topics(settings: Settings, topics: tuple[Topic, ...] = ALL, deadline: float = 30.0) -> None:
    """Create the topics that are absent and wait until every partition has a leader. Existing ones stay as they are.

    New ones get as many partitions as the existing ones have, else TOPIC_PARTITIONS.
    Raises TimeoutError after `deadline` seconds, KafkaError when the broker refuses a topic.
    """
    async with asyncio.timeout(deadline):
        await _create(settings, topics)
        await _wait_for_leaders(settings, topics)


async def _create(settings: Settings, topics: tuple[Topic, ...]) -> None:
    existing = await administration.describe(settings, tuple(dict.fromkeys((*ALL, *topics))))
    wanted = [topic for topic in topics if topic not in existing]
    if not wanted:
        return
    most = max((actual.partitions for actual in existing.values()), default=settings.topic_partitions)
    async with administration.administrator(settings) as admin:
        answer = await admin.create_topics([_new(settings, topic, most) for topic in wanted])
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"cannot create topic {name}")


def _new(settings: Settings, topic: Topic, partitions: int) -> NewTopic:
    # With three replicas, an acknowledged record is on two of them; with fewer there is nothing to ask for.
    durability = {IN_SYNC: "2"} if settings.topic_replication >= 3 else {}
    return NewTopic(
        name=settings.topic_prefix + topic.name,
        num_partitions=partitions,
        replication_factor=settings.topic_replication,
        topic_configs=topic.config() | durability,
    )


async def _wait_for_leaders(settings: Settings, topics: tuple[Topic, ...]) -> None:
    """The first calls after a creation otherwise find no leader and log it loudly."""
    producer = _producer(settings)
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


def _producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(**connection(settings))
