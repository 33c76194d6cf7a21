"""What must exist before the services start: their topics and their databases' newest schema.

`python -m deploy.local.prepare`, configured like a service by its environment.
"""

import asyncio

from chassis.migrations import migrate
from chassis.settings import Settings
from chassis.topics import ensure_topics
from contracts.topics import WORKERS

MIGRATED = WORKERS


class PrepareSettings(Settings):
    """Those of the environment; PREPARE_KAFKA_… name the principal that may create topics."""

    service = "prepare"


async def prepare() -> None:
    """Create what is absent, upgrade what is old; changes nothing where both are as they should be."""
    settings = PrepareSettings()
    await asyncio.gather(ensure_topics(settings), _migrate(settings))


async def _migrate(settings: Settings) -> None:
    """One after the other: alembic's environment is global to the process."""
    for service in MIGRATED:
        await migrate(service, settings)


if __name__ == "__main__":
    asyncio.run(prepare())
