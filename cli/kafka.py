"""Reading the log from the command line: everything up to now, or everything from now on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from chassis.database import DatabaseError
from chassis.errors import PublishFailed
from chassis.publisher import Publisher
from chassis.settings import Settings
from cli.console import EXIT_NOT_READY, environment_for, fail
from contracts.envelope import Record

T = TypeVar("T")
_FETCH_BYTES = 4 * 1_048_576
_EMPTY_POLLS = 3
_MEMBERS = 5  # where a group's description has its members, in every version of the protocol


def settings_for(home: Path | None) -> Settings:
    """Where the command's Kafka and PostgreSQL are: the stack of `--home`, else the environment's."""
    urls = environment_for(home)
    return Settings(
        kafka_bootstrap_servers=urls["KAFKA_BOOTSTRAP_SERVERS"],
        database_url=urls.get("DATABASE_URL") or Settings().database_url,
        identity_url=urls.get("IDENTITY_URL") or Settings().identity_url,
    )


def run(work: Coroutine[Any, Any, T], settings: Settings) -> T:
    """Run a command's work; who cannot be reached is named in one sentence, with exit code 6."""
    for noisy in ("aiokafka", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    try:
        return asyncio.run(work)
    except (KafkaError, PublishFailed) as error:
        fail(f"Kafka at {settings.kafka_bootstrap_servers} cannot be used ({_short(error)})", EXIT_NOT_READY)
    except (DBAPIError, *DatabaseError, ConnectionError, TimeoutError) as error:
        fail(f"PostgreSQL or Kafka cannot be reached ({_short(error)})", EXIT_NOT_READY)
    except httpx.HTTPError as error:
        fail(
            f"the Identity Service at {settings.identity_url} does not answer ({_short(error)})",
            EXIT_NOT_READY,
        )


def _short(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


@asynccontextmanager
async def publisher(settings: Settings) -> AsyncIterator[Publisher]:
    """A producer of our own, flushed at the end."""
    producer = Publisher(settings, "appointments-cli")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def reading(settings: Settings, topics: Sequence[str]) -> AsyncIterator["Log"]:
    """The log of these topics (names without prefix); topics that do not exist are left out."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id="appointments-cli",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await consumer.start()
        partitions = await _partitions(settings, [settings.topic_prefix + topic for topic in topics])
        consumer.assign(partitions)
        yield Log(consumer, partitions, settings.topic_prefix)
    finally:
        await consumer.stop()


async def _partitions(settings: Settings, names: Sequence[str]) -> list[TopicPartition]:
    """All partitions of those topics that exist; a consumer knows only of what it is subscribed to."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        described = await admin.describe_topics(list(names))
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], number)
        for topic in described
        for number in sorted(one["partition"] for one in topic["partitions"])
    ]


async def bounds_of(settings: Settings, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
    """First offset and end of each partition of these topics, as the broker names them."""
    async with reading(settings, topics) as log:
        return await log.bounds()


async def members_of(settings: Settings, group: str) -> int:
    """How many processes are in a consumer group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        described = await admin.describe_consumer_groups([group])
    finally:
        await admin.close()
    return sum(len(group[_MEMBERS]) for answer in described for group in answer.groups)


class Log:
    """Assigned partitions of some topics."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition], prefix: str) -> None:
        self._consumer = consumer
        self._partitions = partitions
        self._prefix = prefix

    async def sizes(self) -> dict[str, tuple[int, int]]:
        """Partitions and records (offsets between start and end) of each topic, by its name without prefix."""
        starts, ends = await self._bounds()
        found: dict[str, tuple[int, int]] = {}
        for partition in self._partitions:
            count, records = found.get(self._plain(partition.topic), (0, 0))
            found[self._plain(partition.topic)] = (count + 1, records + ends[partition] - starts[partition])
        return found

    async def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        """First offset and end of each partition."""
        starts, ends = await self._bounds()
        return {partition: (starts[partition], end) for partition, end in ends.items()}

    async def ends(self) -> dict[int, int]:
        """The offset after the last record of each partition, of a log of one topic."""
        return {partition.partition: end for partition, end in (await self._bounds())[1].items()}

    async def up_to_now(
        self, progress: Callable[[int, int], None] | None = None, since: datetime | None = None
    ) -> AsyncIterator[Record]:
        """Every record from the log's start, or from `since`, to the present end; `progress`: (read, of how many)."""
        starts, ends = await self._bounds()
        if since is not None:
            starts = await self._first_at(since, ends)
        for partition, start in starts.items():
            self._consumer.seek(partition, start)
        total, empty = sum(ends[one] - starts[one] for one in starts), 0
        while unread := [one for one in starts if await self._consumer.position(one) < ends[one]]:
            batches = await self._consumer.getmany(*unread, timeout_ms=1_000)
            empty = 0 if batches else empty + 1
            if empty == _EMPTY_POLLS:  # nothing but transaction markers is left: they move no position
                break
            for partition, records in batches.items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield self._record(record)
            if progress:
                left = sum([max(0, ends[one] - await self._consumer.position(one)) for one in unread])
                progress(total - left, total)

    async def from_now(self) -> None:
        """Go to the present end, so that `next_batch` sees only what comes from now on."""
        for partition, end in (await self._bounds())[1].items():
            self._consumer.seek(partition, end)

    async def next_batch(self, seconds: float) -> list[Record]:
        """What has come, waiting at most so long for the first; in order of time."""
        batches = await self._consumer.getmany(timeout_ms=int(seconds * 1000))
        records = [self._record(record) for batch in batches.values() for record in batch]
        return sorted(records, key=lambda record: record.timestamp)

    async def _bounds(self) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        if not self._partitions:
            return {}, {}
        starts = await self._consumer.beginning_offsets(self._partitions)
        return starts, await self._consumer.end_offsets(self._partitions)

    async def _first_at(
        self, instant: datetime, ends: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """The first offset of each partition that the broker stamped then or later."""
        stamp = int(instant.timestamp() * 1000)
        found = await self._consumer.offsets_for_times(dict.fromkeys(ends, stamp)) if ends else {}
        return {tp: found[tp].offset if found.get(tp) else end for tp, end in ends.items()}

    def _plain(self, topic: str) -> str:
        return topic.removeprefix(self._prefix)

    def _record(self, raw: Any) -> Record:
        return Record(
            self._plain(raw.topic),
            raw.partition,
            raw.offset,
            datetime.fromtimestamp(raw.timestamp / 1000, UTC),
            raw.key,
            raw.value,
            tuple((name, value or b"") for name, value in raw.headers),
        )


async def collect(
    settings: Settings,
    topics: Sequence[str],
    keep: Callable[[Record], bool] = lambda _: True,
    since: datetime | None = None,
) -> list[Record]:
    """All records of these topics up to now that are worth keeping, in order of time; `since`: not those before."""
    async with reading(settings, topics) as log:
        records = [record async for record in log.up_to_now(since=since) if keep(record)]
    return sorted(
        records, key=lambda record: (record.timestamp, record.topic, record.partition, record.offset)
    )


def text(value: bytes | None, limit: int = 200) -> str:
    """Bytes as text that a terminal can bear."""
    shown = (value or b"").decode(errors="replace")
    shown = "".join(letter if letter.isprintable() else "�" for letter in shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
