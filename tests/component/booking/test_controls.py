"""Negative controls: without one of booking's safeguards, the check that is named must fail."""

from collections.abc import Sequence
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Database, Transaction
from chassis.verdicts import Verdict
from services.booking.store import decisions
from tests.component.booking import test_commands, test_store
from tests.component.booking.desk import Desk
from tests.support.mutation import must_fail

database = test_store.database


async def test_without_the_stored_outcome(desk: Desk) -> None:
    async def nothing(_: Transaction, _ids: Sequence[UUID]) -> dict[UUID, Verdict]:
        return {}

    with patch.object(decisions, "load_verdicts", nothing):
        async with must_fail("stored outcome"):
            await test_commands.test_the_same_command_again_gets_the_same_outcome_and_no_second_event(desk)


async def test_without_the_exclusion_constraint(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("ALTER TABLE occupancy DROP CONSTRAINT nobody_twice"))
    async with must_fail("exclusion constraint"):
        await test_store.test_overlapping_time_is_refused_by_the_database_whatever_was_decided(database)
