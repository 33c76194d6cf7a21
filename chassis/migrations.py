"""Bring a service's database up to date: created if absent, upgraded under a lock, forward only.

Everything here is done by the owner of the tables (`owner_database_url`); the service itself may connect as a role
that can do less, see chassis/roles.py.
"""

import re
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from chassis import dsn, roles
from chassis.connecting import closed, connect
from chassis.settings import Settings, owner_database_url

_ONE_AT_A_TIME = 7_316_520_001  # any constant: the advisory lock that migrations of one database share
_MAINTENANCE = ("postgres", "template1")


async def migrate(service: str, settings: Settings) -> None:
    """Create the database of `service` if it is absent, upgrade it to the newest revision, let its roles in.

    Safe to run from several processes at once. Raises what alembic or PostgreSQL say, and roles.CannotGrant.
    """
    url = await prepare(service, settings)
    wanted = roles.of(settings, service)
    await roles.create(url, wanted)
    own = Path(str(files(f"services.{service}"))) / "migrations"
    await _in(url, lambda connection: connection.run_sync(_upgrade, own, "alembic_version"))
    await roles.grant(url, wanted)


async def prepare(service: str, settings: Settings) -> str:
    """Create the database with what the chassis itself keeps in it (progress, dead letters); returns its URL."""
    url = owner_database_url(settings, service)
    await _create_database(url)
    schema = Path(str(files("chassis"))) / "schema"
    await _in(url, lambda connection: connection.run_sync(_upgrade, schema, "chassis_version"))
    return url


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,63}", name):
        raise ValueError(f"not a database name we accept: {name!r}")
    return name


async def _in(
    url: str, work: Callable[[AsyncConnection], Awaitable[object]], *, autocommit: bool = False
) -> None:
    # The driver reads the address itself: SQLAlchemy's own URLs know neither several hosts nor libpq's TLS options.
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
    )
    try:
        async with engine.begin() as connection:
            await work(connection)
    finally:
        await engine.dispose()


async def _create_database(url: str) -> None:
    """Create the database unless it is there. An owner who may not create any needs no right to, then."""
    name = _identifier(dsn.database(url))
    try:
        await closed(await connect(url))
    except asyncpg.InvalidCatalogNameError:
        pass
    else:
        return
    connection = await _maintenance(url)
    try:
        # The lock spans check and creation; CREATE DATABASE itself has no IF NOT EXISTS.
        await connection.execute("SELECT pg_advisory_lock($1)", _ONE_AT_A_TIME)
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    except asyncpg.InsufficientPrivilegeError as error:
        raise roles.CannotGrant(
            f"the database {name} does not exist, and {dsn.user(url)} may not create it: as an administrator, "
            f'CREATE DATABASE "{name}" OWNER "{dsn.user(url)}"'
        ) from error
    finally:
        await closed(connection)


async def _maintenance(url: str) -> asyncpg.Connection:
    """A connection to a database that every server has, and that lets us in."""
    for name in _MAINTENANCE[:-1]:
        try:
            return await connect(dsn.with_database(url, name))
        except (asyncpg.InvalidCatalogNameError, asyncpg.InsufficientPrivilegeError):
            continue
    return await connect(dsn.with_database(url, _MAINTENANCE[-1]))


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
