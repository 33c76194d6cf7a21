"""The command line as a person runs it: a process, its exit code, what it prints."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chassis.configuration.settings import Settings
from chassis.kafka.publisher import Publisher
from chassis.topics.creation import ensure_topics
from cli import kafka
from contracts.envelope import Record
from tests.support import World


@dataclass(frozen=True, slots=True)
class Answer:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Awaitable[Answer]]


async def appointments(*arguments: str, stdin: str = "", **environment: str) -> Answer:
    """Run `appointments …` with these variables on top of ours."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli.main", *arguments),
        env=os.environ | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(stdin.encode())
    return Answer(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def settings(cluster: World) -> Settings:
    """The world's settings."""
    return Settings(
        kafka_bootstrap_servers=cluster.bootstrap,
        database_url=cluster.database_url,
        topic_prefix=cluster.topic_prefix,
        topic_partitions=3,
    )


@pytest.fixture
async def publisher(settings: Settings) -> AsyncIterator[Publisher]:
    """A producer into the world's topics, which exist."""
    await ensure_topics(settings)
    producer = Publisher(settings, "test")
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
def run(cluster: World) -> Run:
    """Run the command line in the world."""

    async def in_world(*arguments: str, stdin: str = "") -> Answer:
        return await appointments(*arguments, stdin=stdin, **cluster.environment())

    return in_world


async def records(settings: Settings, topic: str) -> list[Record]:
    """Everything on a topic."""
    return await kafka.collect(settings, [topic])
