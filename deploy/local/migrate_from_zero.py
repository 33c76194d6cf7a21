"""Check that every service's migrations run on an empty database: `python -m deploy.local.migrate_from_zero`.

Uses the server of DATABASE_URL when that is set, else a PostgreSQL of its own that lives as long as the
check.
"""

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.configuration import dsn
from chassis.configuration.settings import Settings
from chassis.database.connecting import connect
from chassis.database.migrations import migrate
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.prepare import MIGRATED
from deploy.local.process import Child


async def migrate_from_zero() -> None:
    """Create each service's database, upgrade it to the newest revision twice, and drop it again."""
    async with _server() as server:
        name = f"zero{secrets.token_hex(4)}"
        settings = Settings(database_url=dsn.with_database(server, name))
        try:
            for service in MIGRATED:
                await migrate(service, settings)
                await migrate(service, settings)
                print(f"{service}: migrations run from zero, and a second time without effect")
        finally:
            await _drop(server, name)


async def _drop(server: str, name: str) -> None:
    connection = await connect(dsn.with_database(server, "postgres"))
    try:
        for service in MIGRATED:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}_{service}" WITH (FORCE)')
    finally:
        await connection.close()


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder), free_port())
        child = Child(postgres, Path(folder) / "postgres.log")
        try:
            await child.start_ready()
            yield postgres.server_url
        finally:
            await child.stop()


if __name__ == "__main__":
    asyncio.run(migrate_from_zero())
