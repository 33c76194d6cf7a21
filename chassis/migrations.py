"""Bring a service's database up to date: created if absent, upgraded under a lock, forward only."""

import re
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from chassis.settings import Settings, service_database_url

READER = "appointments_reader"
_ONE_AT_A_TIME = 7_316_520_001  # any constant: the advisory lock that migrations of one database share


async def migrate(service: str, settings: Settings) -> None:
    """Create the database of `service` if it is absent and upgrade it to the newest revision.

    Safe to run from several processes at once. Raises what alembic or PostgreSQL say.
    """
    url = await prepare(service, settings)
    if service == "projector":
        await _in(url, lambda connection: _create_reader(connection, url), autocommit=True)
    own = Path(str(files(f"services.{service}"))) / "migrations"
    await _in(url, lambda connection: connection.run_sync(_upgrade, own, "alembic_version"))


async def prepare(service: str, settings: Settings) -> str:
    """Create the database with what the chassis itself keeps in it (progress, dead letters); returns its URL."""
    url = service_database_url(settings, service)
    await _create_database(url)
    schema = Path(str(files("chassis"))) / "schema"
    await _in(url, lambda connection: connection.run_sync(_upgrade, schema, "chassis_version"))
    return url


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,63}", name):
        raise ValueError(f"not a database name we accept: {name!r}")
    return name


def _maintenance(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path="/postgres").geturl()


async def _in(
    url: str, work: Callable[[AsyncConnection], Awaitable[object]], *, autocommit: bool = False
) -> None:
    engine = create_async_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED"
    )
    try:
        async with engine.begin() as connection:
            await work(connection)
    finally:
        await engine.dispose()


async def _create_database(url: str) -> None:
    name = _identifier(urlsplit(url).path.lstrip("/"))

    async def create(connection: AsyncConnection) -> None:
        # The lock spans check and creation; CREATE DATABASE itself has no IF NOT EXISTS.
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME})
        found = await connection.scalar(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
        )
        if not found:
            await connection.execute(text(f'CREATE DATABASE "{name}"'))
        await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_AT_A_TIME})

    await _in(_maintenance(url), create, autocommit=True)


async def _create_reader(connection: AsyncConnection, url: str) -> None:
    """The ingress reads the views as this role, which can do nothing else; it has the owner's password."""
    password = unquote(urlsplit(url).password or "")
    await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME})
    if not await connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": READER}):
        await connection.execute(text(f"CREATE ROLE {READER} LOGIN"))
    quoted = await connection.scalar(text("SELECT quote_literal(:password)"), {"password": password})
    await connection.execute(text(f"ALTER ROLE {READER} PASSWORD {str(quoted).replace(':', chr(92) + ':')}"))
    await connection.execute(text(f"ALTER ROLE {READER} SET default_transaction_read_only = on"))
    await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_AT_A_TIME})


def _upgrade(connection: Connection, folder: Path, version_table: str) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def to_head(revision: tuple[str, ...], _context: MigrationContext) -> list[object]:
        return list(script._upgrade_revs("head", revision))  # type: ignore[arg-type]  # noqa: SLF001  (alembic.command does the same)

    with EnvironmentContext(config, script, fn=to_head) as environment:
        environment.configure(connection=connection, version_table=version_table)
        environment.run_migrations()
