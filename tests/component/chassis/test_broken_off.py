"""A transaction that the server has ended under us is no record's fault, in whichever words the driver says so."""

import asyncio
import time

import asyncpg
import pytest
from sqlalchemy import text

from chassis.consuming.applier import _heals, _took_too_long
from chassis.database.transactions import Database, DatabaseError, is_not_now
from tests.support.world import at_database

LIMIT_MS = 200


@pytest.mark.parametrize("turns", range(5))
async def test_a_transaction_that_was_idle_for_too_long(database_server: str, turns: int) -> None:
    """The loop stands still, as on a machine without a processor to spare, and then takes so many turns."""
    limits = {"idle_in_transaction_session_timeout": str(LIMIT_MS)}
    database = Database(
        at_database(database_server, "postgres"), application_name="test", server_settings=limits
    )
    try:
        error = await _error_of(database, turns)
        assert isinstance(error, DatabaseError)
        assert is_not_now(error)
        assert _heals(error, lone=True, before=0)
        assert _took_too_long(error, 5.0)
        async with database.transaction() as tx:
            assert await tx.scalar(text("SELECT 1")) == 1
    finally:
        await database.dispose()


async def _error_of(database: Database, turns: int) -> Exception | None:
    try:
        async with database.transaction() as tx:
            await tx.execute(text("SELECT 1"))
            _stand_still()
            for _ in range(turns):
                await asyncio.sleep(0)
    except Exception as error:  # which one it is depends on the turns
        return error
    return None


def _stand_still() -> None:
    time.sleep(5 * LIMIT_MS / 1000)


def test_the_drivers_own_word_for_it() -> None:
    error = asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")
    assert _heals(error, lone=True, before=0)
    assert _took_too_long(error, 5.0)
