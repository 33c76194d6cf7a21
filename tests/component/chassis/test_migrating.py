"""A migration gives way to whoever holds its table, and an index is built beside the writers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from chassis.configuration.settings import Settings
from chassis.database import migrations
from chassis.database.migrations import MigrationBlocked
from tests.support import eventually
from tests.support.world import World

HEAD = """
from alembic import op
from chassis.database.indexes import create_index

revision = "{0}"
down_revision = {1}
branch_labels = depends_on = None


def upgrade() -> None:
    {2}
"""
CREATE = 'op.execute("CREATE TABLE things (id integer PRIMARY KEY, size integer)")'
ALTER = 'op.execute("ALTER TABLE things ADD COLUMN colour text")'
INDEX = 'create_index("things_size", "things (size)")'
WRITERS_WAIT_AT_MOST = 10.0  # seconds; without the limit they wait as long as the other transaction lasts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service's migrations: the first makes a table."""
    (tmp_path / "versions").mkdir()
    _write(tmp_path, "0001", None, CREATE)
    return tmp_path


@pytest.fixture
async def url(world: World, folder: Path) -> str:
    """A database at the first revision."""
    url = await migrations.prepare("booking", Settings(database_url=world.database_url))
    await _migrate(url, folder)
    return url


@pytest.fixture
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Another process's connection."""
    connection = await _connect(url)
    yield connection
    await connection.close()


async def test_a_migration_behind_a_long_transaction_gives_up_and_writers_go_on(
    url: str, folder: Path, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_MS", 300)
    monkeypatch.setattr(migrations, "PAUSES", (0.1, 0.1))
    _write(folder, "0002", "0001", ALTER)
    async with _reading(url, "a long report"):
        migrating = asyncio.create_task(_migrate(url, folder))
        await _until_waiting(connection)
        await asyncio.wait_for(connection.execute("INSERT INTO things VALUES (1, 1)"), WRITERS_WAIT_AT_MOST)
        with pytest.raises(
            MigrationBlocked, match=r"not free within .* a long report \(process \d+, idle in"
        ):
            await migrating
    assert await _columns(connection) == {"id", "size"}
    await _migrate(url, folder)
    assert await _columns(connection) == {"id", "size", "colour"}


async def test_a_table_that_is_free_again_a_while_later_is_changed(
    url: str, folder: Path, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_MS", 300)
    monkeypatch.setattr(migrations, "PAUSES", (0.1,) * 100)
    _write(folder, "0002", "0001", ALTER)
    async with _reading(url, "a short report"):
        migrating = asyncio.create_task(_migrate(url, folder))
        await _until_waiting(connection)
    await migrating
    assert "colour" in await _columns(connection)


async def test_an_index_is_built_while_a_transaction_has_written_to_its_table(
    url: str, folder: Path, connection: asyncpg.Connection
) -> None:
    _write(folder, "0002", "0001", INDEX)
    other = await _connect(url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("INSERT INTO things VALUES (1, 1)")
    migrating = asyncio.create_task(_migrate(url, folder))
    await _until_waiting(connection)
    await asyncio.wait_for(connection.execute("INSERT INTO things VALUES (2, 2)"), WRITERS_WAIT_AT_MOST)
    await transaction.commit()
    await migrating
    assert await _valid(connection)
    await other.close()


async def test_what_an_interrupted_attempt_left_of_an_index_is_built_again(
    url: str, folder: Path, connection: asyncpg.Connection
) -> None:
    await connection.execute("INSERT INTO things VALUES (1, 7), (2, 7)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("CREATE UNIQUE INDEX CONCURRENTLY things_size ON things (size)")
    assert not await _valid(connection)
    _write(folder, "0002", "0001", INDEX)
    await _migrate(url, folder)
    assert await _valid(connection)


async def test_two_processes_migrate_one_after_the_other(
    url: str, folder: Path, connection: asyncpg.Connection
) -> None:
    _write(folder, "0002", "0001", INDEX)
    _write(folder, "0003", "0002", ALTER)
    await asyncio.gather(*(_migrate(url, folder) for _ in range(3)))
    assert await _valid(connection)


def _write(folder: Path, revision: str, after: str | None, statement: str) -> None:
    text = HEAD.format(revision, repr(after), statement)
    (folder / "versions" / f"{revision}_step.py").write_text(text)


async def _migrate(url: str, folder: Path) -> None:
    await migrations._in(
        url, lambda connection: migrations._upgrade(connection, folder, "alembic_version"), autocommit=True
    )


async def _connect(url: str, name: str = "test") -> asyncpg.Connection:
    return await asyncpg.connect(
        url.replace("+asyncpg", ""), timeout=10, server_settings={"application_name": name}
    )


@asynccontextmanager
async def _reading(url: str, name: str) -> AsyncIterator[None]:
    """A transaction that has read the table, and does not end."""
    reader = await _connect(url, name)
    transaction = reader.transaction()
    await transaction.start()
    await reader.fetch("SELECT * FROM things")
    try:
        yield
    finally:
        await transaction.rollback()
        await reader.close()


async def _until_waiting(connection: asyncpg.Connection) -> None:
    """Until somebody waits for a lock in this database."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async def waiting() -> bool:
        return bool(await connection.fetchval(query))

    await eventually(waiting, 20, 0.01)


async def _columns(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'things'"
    )
    return {row[0] for row in rows}


async def _valid(connection: asyncpg.Connection) -> bool:
    query = "SELECT indisvalid FROM pg_index WHERE indexrelid = CAST('things_size' AS regclass)"
    return bool(await connection.fetchval(query))
