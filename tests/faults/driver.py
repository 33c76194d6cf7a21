"""Drive the ledger from outside: start it, feed it, break it, and read what it left behind."""

import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis.configuration.settings import Settings, service_database_url
from chassis.database.migrations import prepare
from chassis.topics.creation import ensure_topics
from contracts import envelope, topics
from contracts.envelope import Envelope, Message
from deploy.local.ports import free_port
from tests.faults import ledger
from tests.support import World, eventually

ORGANIZATIONS = [UUID(int=number + 1) for number in range(12)]
USED = (topics.BOOKING_COMMANDS, topics.BOOKING_EVENTS, topics.dead_letters("ledger"))


def settings_of(world: World) -> Settings:
    """The chassis' settings for this world."""
    return Settings(
        kafka_bootstrap_servers=world.bootstrap,
        database_url=world.database_url,
        topic_prefix=world.topic_prefix,
    )


@dataclass
class Process:
    """One ledger process; its health tells what it thinks of itself."""

    popen: subprocess.Popen[bytes]
    port: int
    log: Path

    async def health(self) -> dict[str, Any]:
        """The health report, or {} while nothing answers."""
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{self.port}/health", timeout=2)
        except httpx.HTTPError:
            return {}
        return dict(answer.json())

    async def ready(self, deadline: float = 90) -> None:
        """Wait until it is ready."""

        async def is_ready() -> bool:
            assert self.popen.poll() is None, self.log.read_text()[-3000:]
            return bool((await self.health()).get("ready"))

        await eventually(is_ready, deadline)

    async def exited(self, deadline: float = 90) -> int:
        """Wait until it has exited, and how."""
        await eventually(lambda: self.popen.poll() is not None, deadline)
        return self.popen.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.popen.send_signal(number)


@dataclass
class Ledgers:
    """The ledger's world: its topics and database, and the processes that were started in it."""

    world: World
    folder: Path
    processes: list[Process] = field(default_factory=list)

    def start(self, **variables: object) -> Process:
        """Start a process; `variables` are its environment."""
        port = free_port()
        log = self.folder / f"ledger-{len(self.processes)}.log"
        environment = {
            **os.environ,
            **self.world.environment(),
            "HEALTH_PORT": str(port),
            "SESSION_TIMEOUT_MS": "3000",
            **{name.upper(): str(value) for name, value in variables.items()},
        }
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.ledger"],
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        process = Process(popen, port, log)
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """End all processes for good."""
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.send_signal(signal.SIGCONT)
                process.popen.kill()
                process.popen.wait()

    async def sql(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Ask the ledger's database."""
        connection = await asyncpg.connect(
            service_database_url(settings_of(self.world), "ledger").replace("+asyncpg", "")
        )
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def restored_to_nothing_before_noted(self) -> bool:
        """Restore the database to an empty one, unless all that was published is noted already."""
        restored = await self.sql("""
            WITH stand AS (
                SELECT consumer, topic, partition, next_offset, published_offset FROM progress FOR UPDATE
            ), unnoted AS (
                SELECT FROM stand HAVING sum(next_offset - published_offset) > 0
            ), gone AS (
                DELETE FROM ledger WHERE EXISTS (SELECT FROM unnoted)
            )
            UPDATE progress SET next_offset = 0, published_offset = 0 WHERE EXISTS (SELECT FROM unnoted)
            RETURNING topic
        """)
        return bool(restored)

    async def someone_waits_for_a_row(self) -> bool:
        """Whether a transaction of the ledger waits for a lock of another."""
        waiting = await self.sql("""
            SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        """)
        return bool(waiting)

    async def entries(self) -> int:
        """How many commands were entered."""
        return int((await self.sql("SELECT count(*) FROM ledger"))[0][0])

    async def entered_more_than(self, count: int) -> None:
        """Wait until more than that many are entered."""

        async def more() -> bool:
            return await self.entries() > count

        await eventually(more, 30)

    async def entered(self, count: int, deadline: float = 120) -> None:
        """Wait until that many are entered and published."""

        async def all_in() -> bool:
            there = await self.entries()
            assert there >= count, f"{there} of {count} entered"
            behind = await self.sql("SELECT sum(next_offset - published_offset) AS open FROM progress")
            return not behind[0]["open"]

        await eventually(all_in, deadline)


@asynccontextmanager
async def ledgers_in(world: World, folder: Path) -> AsyncIterator[Ledgers]:
    """The ledger's topics and tables in a world; its processes end with the test."""
    settings = settings_of(world)
    await ensure_topics(settings, USED)
    await prepare("ledger", settings)
    found = Ledgers(world, folder)
    await found.sql(ledger.CREATE)
    try:
        yield found
    finally:
        found.stop()


def command(n: int, organization: UUID | None = None, **body: object) -> Message:
    """The n-th command; each organization has its own order."""
    organization = organization or ORGANIZATIONS[n % len(ORGANIZATIONS)]
    head = Envelope(id=uuid4(), type="ledger.enter", organization=organization, actor="test")
    return head.message(topics.BOOKING_COMMANDS.name, orjson.dumps({"n": n, **body}))


async def send(world: World, messages: Sequence[Message], **options: Any) -> None:
    """Publish with a producer of aiokafka's own, in order."""
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, **options)
    await producer.start()
    try:
        acks = [
            await producer.send(
                world.topic_prefix + message.topic,
                message.value,
                key=message.key,
                headers=list(message.headers),
                partition=message.partition,
            )
            for message in messages
        ]
        for ack in acks:
            await ack
    finally:
        await producer.stop()


async def read_all(world: World, topic: str) -> list[Any]:
    """Every committed record of a topic, partition by partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=world.bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    try:
        name = world.topic_prefix + topic
        partitions = [TopicPartition(name, number) for number in range(6)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []

        async def to_the_end() -> bool:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records.extend(batch)
            return all([await consumer.position(tp) >= ends[tp] for tp in partitions])

        await eventually(to_the_end, 20)
        return records
    finally:
        await consumer.stop()


async def check(ledgers: Ledgers, sent: Sequence[Message]) -> int:
    """Nothing lost, nothing applied twice, first copies in order within a key, later copies byte-identical.

    Returns how many later copies there were.
    """
    twice = await ledgers.sql("SELECT position FROM ledger GROUP BY position HAVING count(*) > 1")
    assert not twice, f"applied twice: {[row['position'] for row in twice[:5]]}"
    rows = await ledgers.sql("SELECT command_id, count(*) AS n FROM ledger GROUP BY command_id")
    expected = Counter(envelope.message_id(message.headers) for message in sent)
    assert {row["command_id"]: row["n"] for row in rows} == expected
    records = await read_all(ledgers.world, topics.BOOKING_EVENTS.name)
    copies: dict[UUID | None, list[Any]] = defaultdict(list)
    for record in records:
        copies[envelope.message_id(record.headers)].append(record)
    assert len(copies) == len(sent), "one event for each command"
    for same in copies.values():
        assert len({(record.key, record.value, tuple(record.headers)) for record in same}) == 1, (
            "copies differ"
        )
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for same in copies.values():  # in the order of their first copies
        by_key[same[0].key].append(orjson.loads(same[0].value)["n"])
    assert all(numbers == sorted(numbers) for numbers in by_key.values()), "out of order within a key"
    return len(records) - len(copies)
