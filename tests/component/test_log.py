"""The log without a group: read to its present end, whatever strangers wrote, and the same by everybody."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from chassis.configuration.settings import Settings
from chassis.kafka.fetched import record_of
from chassis.kafka.log import Log, consumer, stopped
from chassis.topics.creation import ensure_topics
from contracts.envelope import Record
from contracts.topics import BOOKING_COMMANDS, BOOKING_EVENTS
from tests.support import World, eventually

TOPICS = (BOOKING_COMMANDS, BOOKING_EVENTS)
NAMES = [topic.name for topic in TOPICS]


@pytest.fixture
async def settings(cluster: World) -> Settings:
    """A world with two topics of two partitions."""
    found = Settings(
        kafka_bootstrap_servers=cluster.bootstrap, topic_prefix=cluster.topic_prefix, topic_partitions=2
    )
    await ensure_topics(found, TOPICS)
    return found


@pytest.fixture
async def producer(settings: Settings) -> AsyncIterator[Any]:
    """Publishes whatever it is given."""
    found = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await found.start()
    yield found
    await found.stop()


async def send(producer: Any, settings: Settings, number: int, *headers: tuple[Any, bytes | None]) -> None:
    topic = settings.topic_prefix + NAMES[number % 2]
    await producer.send_and_wait(
        topic, str(number).encode(), partition=number // 2 % 2, headers=list(headers)
    )


async def send_with_a_name_that_is_not_text(settings: Settings, partition: int, value: bytes) -> None:
    """No client of Python's writes such a header; kcat does."""
    kcat = await asyncio.create_subprocess_exec(
        *("kcat", "-P", "-b", settings.kafka_bootstrap_servers, "-t", settings.topic_prefix + NAMES[0]),
        *("-p", str(partition), "-H", b"\xff\xfe=1"),
        stdin=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(kcat.communicate(value), 30)
    assert kcat.returncode == 0


async def test_everything_up_to_now_and_then_what_comes(settings: Settings, producer: Any) -> None:
    for number in range(20):
        await send(producer, settings, number)
    log = Log(settings, "test", NAMES)
    await log.start()
    try:
        seen: list[tuple[int, int]] = []
        found = [record async for record in log.up_to_now(lambda *done: seen.append(done))]
        assert sorted(int(record.value or b"") for record in found) == list(range(20))
        assert {record.topic for record in found} == set(NAMES)
        assert seen[-1] == (20, 20)
        assert await log.sizes() == dict.fromkeys(NAMES, (2, 10))
        later = datetime.now(UTC) + timedelta(minutes=1)
        assert [record async for record in log.up_to_now(since=later)] == []
        await log.from_now()
        await send(producer, settings, 20)
        batch: list[Record] = []
        while not batch:
            batch = await log.next_batch(5)
        assert [record.value for record in batch] == [b"20"]
    finally:
        await log.stop()


async def test_a_header_without_a_value_reads_the_same_everywhere(settings: Settings, producer: Any) -> None:
    await send(producer, settings, 0, ("ce_type", None), ("actor", b"x"), ("ce_type", b"y"))
    log = Log(settings, "test", NAMES)
    live = consumer(settings, "test", auto_offset_reset="earliest")
    await log.start()
    await live.start()
    try:
        [record] = [record async for record in log.up_to_now()]
        assert record.headers == (("ce_type", b""), ("actor", b"x"), ("ce_type", b"y"))
        live.assign([TopicPartition(settings.topic_prefix + NAMES[0], 0)])
        assert record_of(await live.getone(), settings.topic_prefix) == record
    finally:
        await live.stop()
        await log.stop()


async def test_a_reader_that_is_stopped_at_once_closes_its_connections(settings: Settings) -> None:
    before = sockets()
    reader = consumer(settings, "test")
    await reader.start()
    assert sockets() > before
    await stopped(reader)
    await eventually(lambda: sockets() <= before)


def sockets() -> set[str]:
    """The sockets that this process has open."""
    links = [str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return {link for link in links if link.startswith("socket:")}


async def test_what_breaks_kafkas_own_format_hides_nothing(settings: Settings, producer: Any) -> None:
    """A header whose name is not UTF-8, among records that are fine."""
    for number in (0, 2, 4):
        await send(producer, settings, number)
    await send_with_a_name_that_is_not_text(settings, 1, b"6")
    for number in (8, 10):
        await send(producer, settings, number)
    log = Log(settings, "test", NAMES)
    await log.start()
    try:
        found = [record async for record in log.up_to_now()]
        assert sorted(int(record.value or b"") for record in found) == [0, 2, 4, 6, 8, 10]
        assert [record.value for record in found if record.fault] == [b"6"]
    finally:
        await log.stop()


async def test_a_missing_topic_is_left_out_unless_all_are_needed(settings: Settings) -> None:
    log = Log(settings, "test", [*NAMES, "nobody.knows"])
    await log.start()
    try:
        assert {place.topic for place in log.starts} == {settings.topic_prefix + name for name in NAMES}
        assert [record async for record in log.up_to_now()] == []
    finally:
        await log.stop()
    whole = Log(settings, "test", [*NAMES, "nobody.knows"], whole=True)
    with pytest.raises(UnknownTopicOrPartitionError, match="nobody"):
        await whole.start()
    await whole.stop()
