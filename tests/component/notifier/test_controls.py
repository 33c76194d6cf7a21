"""Negative controls: without one of the notifier's safeguards, the check that is named must fail."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from chassis.database.transactions import Database
from services.notifier.clients.communication import CommunicationClient
from services.notifier.domain import workflow
from services.notifier.store import claims
from tests.component.notifier import test_deliveries, test_failures, test_store
from tests.component.notifier.office import Office
from tests.support.mutation import changed, must_fail

database = test_store.database


async def test_without_the_lease(database: Database) -> None:
    with changed(claims, "_CLAIM", ("(q.leased_until IS NULL OR q.leased_until <= :now)", "true")):
        async with must_fail("lease"):
            await test_store.test_a_lease_that_ran_out_is_somebody_elses(database)


async def test_without_the_idempotency_key(closed_office: Office) -> None:
    send = CommunicationClient.send

    async def with_another_key(client: CommunicationClient, _key: UUID, body: bytes, origin: Any) -> Any:
        return await send(client, uuid4(), body, origin)

    with patch.object(CommunicationClient, "send", with_another_key):
        async with must_fail("idempotency key"):
            await test_failures.test_an_answer_that_is_lost_does_not_send_twice(closed_office)


async def test_without_the_24_hour_guard(office: Office) -> None:
    with patch.object(workflow, "TOO_OLD", timedelta(days=3_650)):
        async with must_fail("24-hour guard"):
            await test_deliveries.test_an_event_older_than_a_day_writes_to_nobody(office)
