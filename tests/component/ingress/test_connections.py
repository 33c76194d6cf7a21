"""Connections for single queries: bounded, used again, replaced when they are lost."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from chassis.database.roles import reader_url
from services.ingress.views.connections import Connections
from tests.component.ingress.running import Ingress
from tests.support import eventually

WHO = "SELECT pg_backend_pid() AS pid"


@pytest.fixture
async def connections(ingress: Ingress) -> AsyncIterator[Connections]:
    made = Connections(reader_url(ingress.settings), 2)
    yield made
    made.terminate()


async def pid(connections: Connections) -> int:
    return int((await connections.fetch(WHO))[0]["pid"])


async def test_queries_one_after_the_other_share_a_connection(connections: Connections) -> None:
    assert await pid(connections) == await pid(connections)


async def test_queries_at_once_share_what_there_may_be(connections: Connections) -> None:
    slow = [connections.fetch(f"{WHO}, pg_sleep(0.05)") for _ in range(6)]
    assert len({rows[0]["pid"] for rows in await asyncio.gather(*slow)}) == 2


async def test_who_waits_too_long_for_a_place_is_told(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = [asyncio.create_task(connections.fetch("SELECT pg_sleep(60)")) for _ in range(2)]
    await asyncio.sleep(0)  # both hold a place now
    monkeypatch.setattr("services.ingress.views.connections.CONNECTED_WITHIN", 0.05)
    with pytest.raises(TimeoutError):
        await connections.fetch(WHO)
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    monkeypatch.undo()
    assert await pid(connections)


async def test_a_query_that_failed_takes_its_connection_with_it(connections: Connections) -> None:
    before = await pid(connections)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connections.fetch("SELECT 1 / 0")
    assert await pid(connections) != before


async def test_a_connection_that_was_lost_while_idle_is_replaced(
    connections: Connections, ingress: Ingress
) -> None:
    before = await pid(connections)
    lost = connections._idle[0]
    await ingress.fleet.database.execute("SELECT pg_terminate_backend($1)", before)
    await eventually(lost.is_closed)
    assert await pid(connections) != before
