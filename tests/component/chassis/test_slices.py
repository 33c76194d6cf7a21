"""A table of several days' rows shrinks to the end, however short the time limit of a statement is."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from chassis.configuration.settings import Settings
from chassis.database.migrations import prepare
from chassis.database.transactions import Database
from tests.support.world import World

ROWS = 2_000
LIMIT_MS = 100
# Each row takes a millisecond, as a row of a large table that is on disk does: all at once are far beyond the limit.
_SLOW_ROWS = """
    CREATE TABLE old (id integer PRIMARY KEY, day integer NOT NULL);
    INSERT INTO old SELECT n, n % 3 FROM generate_series(1, 2000) AS n;
    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.001); RETURN old; END $$;
    CREATE TRIGGER slow BEFORE DELETE ON old FOR EACH ROW EXECUTE FUNCTION slowly();
"""
_DELETE = text("""
    DELETE FROM old WHERE id IN
        (SELECT id FROM old WHERE day < :before LIMIT :at_most FOR UPDATE SKIP LOCKED)
""")


@pytest.fixture
async def database(world: World) -> AsyncIterator[Database]:
    """A database whose statements may take a tenth of a second."""
    url = await prepare("booking", Settings(database_url=world.database_url))
    limits = {"statement_timeout": str(LIMIT_MS)}
    database = Database(url, application_name="test", server_settings=limits)
    async with database.transaction() as tx:
        await tx.driver.execute(_SLOW_ROWS)
    yield database
    await database.dispose()


async def _left(database: Database) -> int:
    async with database.transaction() as tx:
        return int(await tx.scalar(text("SELECT count(*) FROM old")))


async def test_one_statement_for_all_runs_into_the_limit(database: Database) -> None:
    with pytest.raises(asyncpg.QueryCanceledError):
        async with database.transaction() as tx:
            await tx.count(_DELETE, {"before": 2, "at_most": ROWS})
    assert await _left(database) == ROWS


async def test_in_slices_all_of_it_goes_and_the_rest_stays(database: Database) -> None:
    kept = ROWS - 2 * (ROWS // 3) - 1  # the third day's
    assert await database.in_slices(_DELETE, {"before": 2}, rows=ROWS) == ROWS - kept
    assert await _left(database) == kept


async def test_a_row_that_another_transaction_holds_is_left_for_the_next_night(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("SELECT 1 FROM old WHERE id = 3 FOR UPDATE"))
        await database.in_slices(_DELETE, {"before": 1}, rows=20)
    assert await _left(database) == ROWS - ROWS // 3 + 1


async def test_a_single_row_that_takes_too_long_is_a_failure(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.driver.execute(
            "CREATE OR REPLACE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(1); RETURN old; END $$"
        )
    with pytest.raises(asyncpg.QueryCanceledError):
        await database.in_slices(_DELETE, {"before": 2}, rows=2)
    assert await _left(database) == ROWS


def test_whatever_is_deleted_by_age_is_deleted_in_slices() -> None:
    """By the text of the statements: a deletion of what is older than something has a bound."""
    root = Path(__file__).parents[3]
    statements = [
        (path.relative_to(root), statement)
        for folder in ("services", "chassis")
        for path in (root / folder).rglob("*.py")
        for statement in re.findall(r'"""(.*?)"""|"([^"\n]*)"', path.read_text(), re.DOTALL)
        if re.search(r"DELETE FROM .*< :\w*before", " ".join(statement), re.DOTALL)
    ]
    unbounded = [path for path, statement in statements if ":at_most" not in " ".join(statement)]
    assert len(statements) >= 10, "the instrument finds them"
    assert set(unbounded) <= {DEAD_LETTERS}


DEAD_LETTERS = Path("chassis/dead_letters/store.py")  # sliced with the rest of that file
