"""Kafka and PostgreSQL for the command line: the settings, errors in a sentence, and reading the log."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from chassis.configuration import dsn
from chassis.configuration.settings import Settings, service_database_url
from chassis.consuming.progress import Row
from chassis.consuming.same_log import another_log
from chassis.database.connecting import NoSuchHost
from chassis.database.roles import CannotGrant
from chassis.database.transactions import DatabaseError
from chassis.errors import PublishFailed
from chassis.kafka.client import connection
from chassis.kafka.fetched import UnreadableBatch, readable
from chassis.kafka.log import Log, consumer, stopped
from chassis.kafka.publisher import Publisher
from chassis.reasons import explain
from cli.console import EXIT_FAILED, EXIT_NOT_READY, EXIT_USAGE, environment_for, fail, warn
from contracts.envelope import Record

T = TypeVar("T")
_FROM_STACK = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "IDENTITY_URL", "TOPIC_PREFIX")
_PLAIN = {
    "kafka_security_protocol": "PLAINTEXT",
    "kafka_sasl_mechanism": None,
    "kafka_ssl_cafile": "",
    "kafka_ssl_certfile": "",
    "kafka_ssl_keyfile": "",
}
UNREADABLE_WITHIN_MS = 5_000
_MEMBERS = 5  # where a group's description has its members, in every version of the protocol


def settings_for(home: Path | None) -> Settings:
    """Return the settings of a command's Kafka and PostgreSQL: the stack of `--home`, else the environment's.

    A stack's own broker and database have neither TLS nor roles of the environment's.
    """
    urls = environment_for(home)
    own_broker = urls["KAFKA_BOOTSTRAP_SERVERS"] != os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    given = {name.lower(): urls[name] for name in _FROM_STACK if urls.get(name)}
    try:
        found = Settings.model_validate(given | (_PLAIN if own_broker else {}))
    except ValidationError as error:
        fail("; ".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors()), EXIT_USAGE)
    own_database = urls.get("DATABASE_URL") != os.environ.get("DATABASE_URL")
    return found.model_copy(update={"database_urls": {}}) if own_database else found


def name_target(settings: Settings, *, kafka: bool = True, service: str | None = None) -> None:
    """Print on stderr what a command is about to write to: the Kafka servers, and a service's database."""
    log = [f"Kafka at {', '.join(settings.kafka_servers)}"] if kafka else []
    databases = [f"PostgreSQL {dsn.shown(service_database_url(settings, service))}"] if service else []
    warn("writing to " + " and ".join([*log, *databases]))


def run(work: Coroutine[Any, Any, T], settings: Settings) -> T:
    """Run a command's work; a server that cannot be reached is named in one sentence, with exit code 6."""
    for noisy in ("aiokafka", "asyncio", "alembic"):
        logging.getLogger(noisy).propagate = False
        logging.getLogger(noisy).addHandler(logging.NullHandler())
    try:
        return asyncio.run(work)
    except (KafkaError, PublishFailed) as error:
        fail(explain(error, settings), EXIT_NOT_READY)
    except (*DatabaseError, NoSuchHost) as error:
        fail(explain(error, settings, "postgres"), EXIT_NOT_READY)
    except UnreadableBatch as error:
        fail(f"the log is damaged: {error}", EXIT_FAILED)
    except CannotGrant as error:
        fail(str(error), EXIT_NOT_READY)
    except TimeoutError as error:
        fail(f"PostgreSQL or Kafka does not answer in time ({_short(error)})", EXIT_NOT_READY)
    except (DBAPIError, OSError) as error:  # aiokafka turns its own into a KafkaError
        fail(explain(error, settings, "postgres"), EXIT_NOT_READY)
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
    """Open a producer, which is flushed at the end."""
    producer = Publisher(settings, "appointments-cli")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def reading(settings: Settings, topics: Sequence[str]) -> AsyncIterator[Log]:
    """Open the log of these topics (names without prefix); topics that do not exist are left out."""
    log = Log(settings, "appointments-cli", topics)
    try:
        await log.start()
        yield log
    finally:
        await log.stop()


async def bounds_of(settings: Settings, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
    """Return the first offset and the end of each partition of these topics, by the broker's names."""
    async with reading(settings, topics) as log:
        return {place: (log.starts[place], end) for place, end in (await log.ends()).items()}


async def another_log_than(settings: Settings, place: TopicPartition, known: Row, start: int) -> str | None:
    """Return why this partition's log is not the one that was read up to `known`, or None; it starts at
    `start`.
    """
    if known.last_offset is None:
        return None
    reader = consumer(settings, "appointments-cli")
    await reader.start()
    try:
        reader.assign([place])
        return (await another_log(reader, settings, {place: known}, {place: start})).get(place)
    finally:
        await stopped(reader)


async def unreadable_at(settings: Settings, place: TopicPartition, offset: int) -> str | None:
    """Return why the log cannot be read on from `offset`, at which it has records, or None."""
    reader = consumer(settings, "appointments-cli")
    await reader.start()
    try:
        reader.assign([place])
        reader.seek(place, offset)
        readable(await reader.getmany(place, timeout_ms=UNREADABLE_WITHIN_MS))
    except UnreadableBatch as error:
        return str(error)
    finally:
        await stopped(reader)
    return None


async def members_of(settings: Settings, group: str) -> int:
    """Return the number of processes in a consumer group."""
    admin = AIOKafkaAdminClient(**connection(settings))
    await admin.start()
    try:
        described = await admin.describe_consumer_groups([group])
    finally:
        await admin.close()
    return sum(len(group[_MEMBERS]) for answer in described for group in answer.groups)


async def collect(
    settings: Settings,
    topics: Sequence[str],
    keep: Callable[[Record], bool] = lambda _: True,
    since: datetime | None = None,
) -> list[Record]:
    """Return the records of these topics up to now for which `keep` holds, in order of time; `since`: none
    before.
    """
    async with reading(settings, topics) as log:
        records = [record async for record in log.up_to_now(since=since) if keep(record)]
    return sorted(
        records, key=lambda record: (record.timestamp, record.topic, record.partition, record.offset)
    )


def text(value: bytes | None, limit: int = 200) -> str:
    """Return bytes as text that is safe on a terminal."""
    shown = (value or b"").decode(errors="replace")
    shown = "".join(letter if letter.isprintable() else "�" for letter in shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
