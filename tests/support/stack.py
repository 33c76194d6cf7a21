"""Kafka and PostgreSQL for the tests: those of the environment, containers, or the local stack's processes.

`KAFKA_BOOTSTRAP_SERVERS` and `DATABASE_URL` name servers to use; `TEST_STACK=docker` takes containers where a
Docker engine runs; otherwise one Kafka and one PostgreSQL run for the pytest
session (for each worker under xdist).
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.process import Child
from tests.support.containers import engine_answers, kafka_container, postgres_container
from tests.support.world import World, at_database, new_world

START_SECONDS = 90.0  # the first start of all downloads Kafka's jars


@dataclass(frozen=True, slots=True)
class OwnStack:
    """A private Kafka and PostgreSQL that a test may kill, suspend and start again.

    `await stack.broker.kill()`, `.suspend()`, `.resume()`, `await .stop()`, `await .start_ready()`; the ports and
    the data stay the same.
    """

    broker: Child
    postgres: Child
    bootstrap: str
    database_server: str
    home: Path

    def world(self) -> World:
        """A fresh world on these two servers."""
        return new_world(self.bootstrap, self.database_server)

    async def heal(self) -> None:
        """Bring back whatever a test left suspended or dead."""
        for child in (self.broker, self.postgres):
            child.resume()
        await asyncio.gather(*(_revive(child) for child in (self.broker, self.postgres)))


async def _revive(child: Child) -> None:
    if not child.running:
        await child.start_ready(START_SECONDS)


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    """The child, ready; stopped at the end whatever became of it."""
    try:
        await child.start_ready(START_SECONDS)
        yield child
    finally:
        await child.stop()


@asynccontextmanager
async def run_own_stack(home: Path) -> AsyncIterator[OwnStack]:
    """A private pair below `home`."""
    kafka, postgres = Kafka(home, free_port(), free_port()), Postgres(home, free_port())
    broker, database = child_of(kafka, home), child_of(postgres, home)
    try:
        await asyncio.gather(broker.start_ready(START_SECONDS), database.start_ready(START_SECONDS))
        yield OwnStack(broker, database, kafka.bootstrap, postgres.server_url, home)
    finally:
        await asyncio.gather(broker.stop(), database.stop())


def child_of(program: Kafka | Postgres, home: Path) -> Child:
    """The program's process with its log below `home`."""
    return Child(program, home / "logs" / f"{program.name}.log")


@asynccontextmanager
async def any_kafka(home: Path) -> AsyncIterator[str]:
    """Bootstrap servers of a Kafka for the session."""
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield given
    elif _docker_wanted():
        async with kafka_container() as bootstrap:
            yield bootstrap
    else:
        kafka = Kafka(home, free_port(), free_port())
        async with running(child_of(kafka, home)):
            yield kafka.bootstrap


@asynccontextmanager
async def any_postgres(home: Path) -> AsyncIterator[str]:
    """Base URL, without a path, of a PostgreSQL for the session."""
    if given := os.environ.get("DATABASE_URL"):
        yield at_database(given, "")
    elif _docker_wanted():
        async with postgres_container() as url:
            yield url
    else:
        postgres = Postgres(home, free_port())
        async with running(child_of(postgres, home)):
            yield postgres.server_url


def _docker_wanted() -> bool:
    """Containers were asked for, and an engine runs that could start them."""
    return os.environ.get("TEST_STACK") == "docker" and engine_answers()
