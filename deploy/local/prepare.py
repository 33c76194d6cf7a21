"""Prepare the topics and the databases' newest schema before the services start.

`python -m deploy.local.prepare`, configured like a service by its environment.
"""

import asyncio
import sys
from collections.abc import Awaitable

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from chassis.configuration.settings import Settings
from chassis.database import roles
from chassis.database.migrations import migrate
from chassis.reasons import explain
from chassis.topics.creation import ensure_topics
from contracts.topics import WORKERS

MIGRATED = WORKERS


class NotPrepared(Exception):
    """Kafka or PostgreSQL cannot be used; the message has the reason."""


class PrepareSettings(Settings):
    """Return the environment's settings; PREPARE_KAFKA_… name the principal that may create topics."""

    service = "prepare"


async def prepare() -> None:
    """Create absent topics and upgrade old schemas; change nothing if both are up to date."""
    settings = PrepareSettings()
    await asyncio.gather(
        _explained(ensure_topics(settings), settings, "kafka"),
        _explained(_migrate(settings), settings, "postgres"),
    )


async def _explained(work: Awaitable[None], settings: Settings, dependency: str) -> None:
    try:
        await work
    except (KafkaError, asyncpg.PostgresError, OSError) as error:
        raise NotPrepared(explain(error, settings, dependency)) from error


async def _migrate(settings: Settings) -> None:
    """Migrate one service after the other: alembic's environment is global to the process."""
    for service in MIGRATED:
        await migrate(service, settings)


def main() -> None:
    """Prepare, or exit with 1 and one sentence about the obstacle."""
    try:
        asyncio.run(prepare())
    except (NotPrepared, roles.CannotGrant, ValidationError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
