"""Bring a service's database up to date: created if absent, upgraded under a lock, forward only.

Everything here is done by the owner of the tables (`owner_database_url`); the service itself may connect as a role
that can do less, see chassis/database/roles.py.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from chassis import telemetry
from chassis.configuration import dsn
from chassis.configuration.settings import Settings, owner_database_url
from chassis.database import roles
from chassis.database.connecting import closed, connect

_ONE_AT_A_TIME = 7_316_520_001  # any constant: the advisory lock that migrations of one database share
_MAINTENANCE = ("postgres", "template1")
# While an ALTER waits for a lock, later statements wait, too: it gives way, and tries again a while later.
LOCK_TIMEOUT_MS = 2_000
PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds between attempts
POLL = 0.2
_GIVE_WAY = ("55P03", "40P01")  # lock_timeout, deadlock
log = telemetry.get_logger()


class MigrationBlocked(Exception):
    """A table that must change was not free: nothing was changed by this step, and writers go on."""


async def migrate(service: str, settings: Settings) -> None:
    """Create the database of `service` if it is absent, upgrade it to the newest revision, let its roles in.

    Safe to run from several processes at once. Raises MigrationBlocked, roles.CannotGrant, and what alembic or
    PostgreSQL say.
    """
    url = await prepare(service, settings)
    wanted = roles.of(settings, service)
    await roles.create(url, wanted)
    own = Path(str(files(f"services.{service}"))) / "migrations"
    await _in(url, lambda connection: _upgrade(connection, own, "alembic_version"), autocommit=True)
    await roles.grant(url, list(dict.fromkeys([*await roles.named_like(url), *wanted])))


async def prepare(service: str, settings: Settings) -> str:
    """Create the database with the chassis' own tables (progress, dead letters) and return its URL."""
    url = owner_database_url(settings, service)
    await _create_database(url)
    schema = Path(str(files("chassis"))) / "schema"
    await _in(url, lambda connection: _upgrade(connection, schema, "chassis_version"), autocommit=True)
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
    """Create the database if it is missing. If it exists, the owner needs no right to create one."""
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


async def _upgrade(connection: AsyncConnection, folder: Path, version_table: str) -> None:
    """Apply the revisions of `folder` that are new, each in a transaction of its own. Raises MigrationBlocked.

    `connection` is in autocommit mode and holds the lock, so that it has no open transaction: an index that is built
    concurrently waits for every transaction that began before.
    """
    async with _alone(connection):
        for pause in (*PAUSES, None):
            blocker = await _attempt(connection, folder, version_table)
            if blocker is None:
                return
            log.warning("a migration gave way", to=blocker)
            if pause is not None:
                await asyncio.sleep(pause)
        raise MigrationBlocked(
            f"a table was not free within {LOCK_TIMEOUT_MS / 1000:.0f} s, {len(PAUSES) + 1} times in a row; "
            f"the longest transaction is of {blocker}. End it, or wait for its end, and migrate again"
        )


@asynccontextmanager
async def _alone(connection: AsyncConnection) -> AsyncIterator[None]:
    """While no other process migrates this database. A waiting process polls: a statement that waits is a transaction."""
    while not await connection.scalar(  # noqa: ASYNC110  (the other one is another process)
        text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME}
    ):
        await asyncio.sleep(POLL)
    try:
        yield
    finally:
        await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_AT_A_TIME})


async def _attempt(connection: AsyncConnection, folder: Path, version_table: str) -> str | None:
    """None when all is applied; otherwise the longest transaction, whose table was needed."""
    try:
        async with connection.engine.connect() as own:
            await own.execution_options(isolation_level="READ COMMITTED")
            await own.run_sync(_apply, folder, version_table)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _GIVE_WAY:
            raise
        return str(await connection.scalar(text(_LONGEST)) or "a session that is gone by now")
    return None


_LONGEST = """
    SELECT format('%s (process %s, %s since %s)', coalesce(nullif(application_name, ''), usename), pid, state, xact_start)
    FROM pg_stat_activity
    WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
    ORDER BY xact_start LIMIT 1
"""


def _apply(connection: Connection, folder: Path, version_table: str) -> None:
    connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
    connection.commit()
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def to_head(revision: tuple[str, ...], _context: MigrationContext) -> list[object]:
        return list(script._upgrade_revs("head", revision))  # type: ignore[arg-type]  # noqa: SLF001  (alembic.command does the same)

    with EnvironmentContext(config, script, fn=to_head) as environment:
        environment.configure(
            connection=connection, version_table=version_table, transaction_per_migration=True
        )
        with environment.begin_transaction():
            environment.run_migrations()
    connection.commit()
