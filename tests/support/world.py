"""An isolated world inside a shared Kafka and PostgreSQL: names of its own, cleaned up afterwards."""

import contextlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError


@dataclass(frozen=True, slots=True)
class World:
    """Where a test's services live.

    bootstrap: Kafka, `host:port`. database_url: `postgresql://user:password@host:port/t1a2b3c`, of which service
    NAME uses the database `t1a2b3c_NAME`; nothing exists yet. topic_prefix: `t1a2b3c.`
    """

    bootstrap: str
    database_url: str
    topic_prefix: str

    @property
    def name(self) -> str:
        """The random part that the databases and topics share."""
        return self.topic_prefix.rstrip(".")

    def environment(self) -> dict[str, str]:
        """The environment variables that send a service into this world."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "DATABASE_URL": self.database_url,
            "TOPIC_PREFIX": self.topic_prefix,
        }


def new_world(bootstrap: str, database_server: str) -> World:
    """A world with a random name on these servers; `database_server` is a URL without a path."""
    name = f"t{secrets.token_hex(4)}"
    return World(bootstrap, f"{database_server}/{name}", f"{name}.")


async def remove_world(world: World) -> None:
    """Drop the world's databases and delete its topics, so that hundreds of tests fit one small broker."""
    with contextlib.suppress(OSError, asyncpg.PostgresError, TimeoutError):
        await _drop_databases(world)
    with contextlib.suppress(OSError, KafkaError, TimeoutError):
        await _delete_topics(world)


async def _drop_databases(world: World) -> None:
    connection = await asyncpg.connect(at_database(world.database_url, "postgres"), timeout=5)
    try:
        rows = await connection.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", world.name
        )
        for row in rows:
            await connection.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
    finally:
        await connection.close()


async def _delete_topics(world: World) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.bootstrap)
    await admin.start()
    try:
        topics = [name for name in await admin.list_topics() if name.startswith(world.topic_prefix)]
        if topics:
            await admin.delete_topics(topics)
    finally:
        await admin.close()


def at_database(url: str, database: str) -> str:
    """The same server and login, another database; an empty name leaves the path off."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}" if database else ""))
