"""Booking: commands on Kafka → committed and published, against raw batched SQL of the very same rows.

Commands wait on the topic before the process starts; measured is the broker's clock on the outcomes, from the
end of a warm-up (a tenth of them) to the last. Then the rows that booking wrote are written again by one
asyncpg connection, 500 commands a transaction, into an empty database of the same schema on the same server.
"""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.world import World, forget, worker
from chassis.configuration.settings import Settings, service_database_url
from chassis.database.connecting import connect
from chassis.database.migrations import migrate
from chassis.kafka.client import connection
from chassis.kafka.publisher import Publisher
from chassis.topics.creation import ensure_topics
from contracts.envelope import Envelope, Message
from contracts.topics import BOOKING_COMMANDS, BOOKING_OUTCOMES
from deploy.local.identity.people import Person, sample_people

COMMANDS = 20_000
QUICK_COMMANDS = 4_000
ROUNDS = 3
BATCH = 500
WARM_UP = 0.1
_DESCRIPTION = "What was agreed upon last time, and what has to be decided now. " * 6


async def run(world: World) -> dict[str, Any]:
    """Return rates per second and their ratio; the median of the rounds by ratio."""
    quick = getattr(world, "quick", False)
    rounds = [
        await _round(world, QUICK_COMMANDS if quick else COMMANDS) for _ in range(1 if quick else ROUNDS)
    ]
    median = statistics.median_low(one["ratio"] for one in rounds)
    return next(one for one in rounds if one["ratio"] == median) | {
        "rounds": [one["ratio"] for one in rounds]
    }


async def _round(base: World, commands: int) -> dict[str, Any]:
    world = base.fresh()
    settings = world.settings()
    await ensure_topics(settings)
    await migrate("booking", settings)
    produced = await _publish(settings, commands)
    async with worker(world, "booking"):
        booked = await _booked_per_second(settings, commands)
    raw = await _raw_per_second(settings)
    await forget(world)
    return {
        "commands": commands,
        "booked_per_second": round(booked),
        "raw_sql_per_second": round(raw),
        "ratio": round(booked / raw, 3),
        "produced_per_second": round(produced),
    }


async def _publish(settings: Settings, commands: int) -> float:
    publisher = Publisher(settings, "bench")
    await publisher.start()
    messages = _commands(commands)
    began = time.perf_counter()
    for first in range(0, commands, 5_000):
        await publisher.publish(messages[first : first + 5_000])
    seconds = time.perf_counter() - began
    await publisher.stop()
    return commands / seconds


def _commands(number: int) -> list[Message]:
    """Return appointments of two load people each, an hour long, none of which overlap."""
    people = [person for person in sample_people() if person.email.startswith("load")]
    pairs = list(zip(people[::2], people[1::2], strict=True))
    start = (datetime.now(UTC) + timedelta(days=30)).replace(minute=0, second=0, microsecond=0)
    return [
        _command(*pairs[one % len(pairs)], start + timedelta(hours=one // len(pairs)))
        for one, _ in zip(count(), range(number), strict=False)
    ]


def _command(organizer: Person, participant: Person, start: datetime) -> Message:
    identifier = uuid4()
    body = {
        "participant_ids": [participant.id],
        "client_id": str(uuid4()),
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=1)).isoformat(),
        "timezone": organizer.timezone,
        "title": "Quarterly review",
        "description": _DESCRIPTION,
        "location": "Room 2",
        "custom_fields": {"room": 2, "catering": ["coffee", "tea"]},
    }
    envelope = Envelope(
        identifier,
        "appointment.create",
        "appointments/bench",
        organization=UUID(organizer.organization_id),
        actor=organizer.id,
        correlation_id=str(identifier),
    )
    return envelope.message(BOOKING_COMMANDS.name, orjson.dumps(body))


async def _booked_per_second(settings: Settings, commands: int) -> float:
    """Return outcomes per second of the broker's clock after the warm-up. Raises if a command was refused."""
    topic = settings.topic_prefix + BOOKING_OUTCOMES.name
    consumer = AIOKafkaConsumer(**connection(settings), auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(settings.topic_partitions)]
        consumer.assign(partitions)
        await _until_written(consumer, partitions, commands)
        outcomes = await _read(consumer, commands)
    finally:
        await consumer.stop()
    refused = [body for _, kind, body in outcomes if kind != b"command.accepted"]
    if refused:
        raise RuntimeError(f"{len(refused)} commands were refused, the first: {refused[0]!r}")
    stamps = sorted(stamp for stamp, _, _ in outcomes)
    first = stamps[int(len(stamps) * WARM_UP)]
    return 1000 * sum(stamp > first for stamp in stamps) / (stamps[-1] - first)


async def _until_written(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], commands: int) -> None:
    """Wait for the outcomes by offsets only, twice a second: reading them would take processor time from
    booking.
    """
    async with asyncio.timeout(300):
        while sum((await consumer.end_offsets(partitions)).values()) < commands:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.5)


async def _read(consumer: AIOKafkaConsumer, commands: int) -> list[tuple[int, bytes, bytes]]:
    found: list[tuple[int, bytes, bytes]] = []
    async with asyncio.timeout(120):
        while len(found) < commands:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                found += [
                    (record.timestamp, dict(record.headers)["ce_type"], record.value[:500])
                    for record in records
                ]
    return found


async def _raw_per_second(settings: Settings) -> float:
    """Return commands a second when only the rows of booking's tables are written again."""
    copy = settings.model_copy(update={"database_url": settings.database_url + "_raw"})
    await migrate("booking", copy)
    source = await connect(_plain(service_database_url(settings, "booking")))
    target = await connect(_plain(service_database_url(copy, "booking")))
    try:
        tables = [await _Table.of(source, name) for name in ("appointments", "occupancy", "decisions")]
        commands = len(tables[0].rows)
        began = time.perf_counter()
        for first in range(0, commands, BATCH):
            async with target.transaction():
                for table in tables:
                    share = len(table.rows) / commands
                    await table.insert(target, int(first * share), int((first + BATCH) * share))
        return commands / (time.perf_counter() - began)
    finally:
        await source.close()
        await target.close()


def _plain(url: str) -> str:
    return urlsplit(url)._replace(scheme="postgresql").geturl()


class _Table:
    """A table's rows in the order of writing, and the statement that writes some of them."""

    def __init__(self, rows: list[asyncpg.Record], statement: str) -> None:
        self.rows = rows
        self.statement = statement

    @classmethod
    async def of(cls, connection: asyncpg.Connection, name: str) -> "_Table":
        columns = await connection.fetch(
            "SELECT attname, format_type(atttypid, atttypmod) AS kind FROM pg_attribute"
            " WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            name,
        )
        names = ", ".join(f'"{column["attname"]}"' for column in columns)
        arrays = ", ".join(f"${number}::{column['kind']}[]" for number, column in enumerate(columns, 1))
        rows = await connection.fetch(f"SELECT {names} FROM {name} ORDER BY ctid")
        return cls(rows, f"INSERT INTO {name} ({names}) SELECT * FROM unnest({arrays})")

    async def insert(self, connection: asyncpg.Connection, first: int, last: int) -> None:
        """Write the rows from `first` up to `last`."""
        rows = self.rows[first:last]
        if rows:
            await connection.execute(self.statement, *(list(column) for column in zip(*rows, strict=True)))
