"""The world of a benchmark: Kafka, PostgreSQL and the sandbox Identity Service, with names of its own in
them.
"""

import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from chassis.configuration import dsn
from chassis.configuration.settings import Settings
from chassis.database.connecting import connect
from deploy.local.kafka import Kafka
from deploy.local.ports import HOST, free_port
from deploy.local.postgres import Postgres
from deploy.local.process import Child, Program
from deploy.local.programs import PythonProgram

_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class World:
    """The surroundings of one suite.

    bootstrap: Kafka, `host:port`. database_url: `postgresql://user:password@host:port/name`, of which service
    NAME uses the database `name_NAME`; nothing exists yet. home: a folder for logs and data. quick: a short
    run.
    """

    bootstrap: str
    database_url: str
    topic_prefix: str
    identity_url: str
    home: Path
    quick: bool = False

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a service in this world."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "DATABASE_URL": self.database_url,
            "TOPIC_PREFIX": self.topic_prefix,
            "IDENTITY_URL": self.identity_url,
            "LOG_LEVEL": "WARNING",
        }

    def settings(self) -> Settings:
        """Return the same as settings."""
        return Settings(
            kafka_bootstrap_servers=self.bootstrap,
            database_url=self.database_url,
            topic_prefix=self.topic_prefix,
            identity_url=self.identity_url,
        )

    def fresh(self) -> "World":
        """Return a world with other names on the same servers, without data of an earlier run."""
        name = f"bench{secrets.token_hex(4)}"
        return replace(self, database_url=dsn.with_database(self.database_url, name), topic_prefix=f"{name}.")


@asynccontextmanager
async def surroundings(environment: Mapping[str, str], *, quick: bool) -> AsyncIterator[World]:
    """Provide servers to measure on: those of KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL, else our own."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="appointments-bench-")))
        bootstrap = environment.get("KAFKA_BOOTSTRAP_SERVERS")
        if not bootstrap:
            kafka = Kafka(home, free_port(), free_port())
            await stack.enter_async_context(running(kafka, home))
            bootstrap = kafka.bootstrap
        database_url = environment.get("DATABASE_URL")
        if not database_url:
            postgres = Postgres(home, free_port())
            await stack.enter_async_context(running(postgres, home))
            database_url = f"{postgres.server_url}/appointments"
        identity_url = await stack.enter_async_context(_identity(home))
        yield World(bootstrap, database_url, "", identity_url, home, quick).fresh()


@asynccontextmanager
async def running(program: Program, home: Path) -> AsyncIterator[Child]:
    """Run a program's process until the end of the context."""
    child = Child(program, home / "logs" / f"{program.name}.log")
    try:
        await child.start_ready(_START_SECONDS)
        yield child
    finally:
        await child.stop()


@asynccontextmanager
async def worker(world: World, service: str, **environment: str) -> AsyncIterator[Child]:
    """Run `python -m services.NAME` in this world."""
    port = free_port()
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        program = PythonProgram(
            service,
            f"services.{service}",
            {**world.environment(), "HEALTH_PORT": str(port), **environment},
            f"http://{HOST}:{port}/health",
            client,
            signal.SIGTERM,
        )
        async with running(program, world.home) as child:
            yield child


@asynccontextmanager
async def _identity(home: Path) -> AsyncIterator[str]:
    port = free_port()
    url = f"http://{HOST}:{port}"
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        environment = {"PORT": str(port), "IDENTITY_HOME": str(home / "identity")}
        program = PythonProgram(
            "identity", "deploy.local.identity", environment, f"{url}/health", client, signal.SIGTERM
        )
        async with running(program, home):
            yield url


async def forget(world: World) -> None:
    """Drop the world's databases; its topics go with the broker, or are deleted by hand if the broker stays."""
    connection = await connect(dsn.with_database(world.database_url, "postgres"))
    try:
        rows = await connection.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", dsn.database(world.database_url)
        )
        for row in rows:
            await connection.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
    finally:
        await connection.close()


def machine() -> dict[str, object]:
    """Return a description of the machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpus": os.cpu_count(), "memory_gb": round(pages / 2**30), "python": sys.version.split()[0]}
