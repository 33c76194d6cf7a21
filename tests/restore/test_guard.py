"""A database that was lost decides nothing: an empty one belongs to an empty log."""

from collections.abc import AsyncIterator

import pytest

from chassis.configuration.settings import service_database_url
from chassis.database.transactions import Database
from chassis.errors import Halt
from contracts.topics import BOOKING_EVENTS
from services.booking.rebuild import guard
from tests.component.booking.conftest import closed_desk, identity
from tests.component.booking.desk import NOON, Desk
from tests.support.mutation import changed, must_fail

__all__ = ["closed_desk", "identity"]


@pytest.fixture
async def database(closed_desk: Desk) -> AsyncIterator[Database]:
    """The desk's, in which there is nothing."""
    found = Database(service_database_url(closed_desk.settings, "booking"), application_name="test")
    yield found
    await found.dispose()


async def guarded(database: Database, desk: Desk) -> None:
    async with database.transaction() as tx:
        await guard.refuse_to_begin_anew(tx, desk.settings)


async def test_an_empty_database_beside_a_log_that_is_not_decides_nothing(
    closed_desk: Desk, database: Database
) -> None:
    await closed_desk.producer.send_and_wait(closed_desk.settings.topic_prefix + BOOKING_EVENTS.name, b"{}")
    with pytest.raises(Halt, match="rebuild booking"):
        await guarded(database, closed_desk)


async def test_a_new_database_beside_a_new_log_decides_and_one_that_knows_somebody_goes_on(
    closed_desk: Desk, database: Database
) -> None:
    await guarded(database, closed_desk)
    await closed_desk.start()
    await closed_desk.outcome(await closed_desk.book(closed_desk.person(), at=NOON))
    await guarded(database, closed_desk)


async def test_without_the_look_at_the_log(closed_desk: Desk, database: Database) -> None:
    with changed(guard, "refuse_to_begin_anew", ("not await _has_records(settings)", "True")):
        async with must_fail("look at the log"):
            await test_an_empty_database_beside_a_log_that_is_not_decides_nothing(closed_desk, database)


async def test_without_the_look_into_the_database(closed_desk: Desk, database: Database) -> None:
    with changed(guard, "refuse_to_begin_anew", ("await rebuilt.knows_anybody(tx)", "False")):
        async with must_fail("look into the database"):
            await test_a_new_database_beside_a_new_log_decides_and_one_that_knows_somebody_goes_on(
                closed_desk, database
            )
