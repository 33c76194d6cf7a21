"""Kafka, PostgreSQL or Identity are away: clear answers meanwhile, and all is well afterwards."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress, is_ready, run_ingress
from tests.support import eventually
from tests.support.stack import OwnStack

NEW = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z", "title": "Review"}


@pytest.fixture(scope="module")
async def lone_ingress(own_stack: OwnStack) -> AsyncIterator[Ingress]:
    """An ingress whose servers the tests may kill."""
    async with run_ingress(own_stack.world()) as ingress:
        yield ingress


async def test_without_kafka_reads_go_on_and_writes_say_when_to_try_again(
    lone_ingress: Ingress, own_stack: OwnStack
) -> None:
    own_stack.broker.suspend()
    try:
        response = await lone_ingress.call(ANNA, "POST", "", json=NEW)
        assert (response.status_code, response.json()["code"]) == (503, "kafka_unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert "/commands/" in response.headers["location"]
        began = asyncio.get_running_loop().time()
        second = await lone_ingress.call(ANNA, "POST", "", json=NEW)
        assert second.status_code == 503
        assert asyncio.get_running_loop().time() - began < 1
        assert (await lone_ingress.call(ANNA, "GET", "/calendar")).status_code == 200
        await eventually(lambda: waits_for(lone_ingress, "kafka"))
    finally:
        await own_stack.heal()
    await eventually(lambda: is_ready(lone_ingress.client), 20)
    assert (await lone_ingress.call(ANNA, "POST", "", json=NEW)).status_code == 201


async def test_a_killed_broker_is_found_again(lone_ingress: Ingress, own_stack: OwnStack) -> None:
    await own_stack.broker.kill()
    try:
        assert (await lone_ingress.call(ANNA, "POST", "", json=NEW)).status_code == 503
    finally:
        await own_stack.heal()
    await eventually(lambda: booked(lone_ingress), 40, 0.5)


async def waits_for(ingress: Ingress, dependency: str) -> bool:
    response = await ingress.client.get("/health/appointments")
    report = response.json()
    assert (response.status_code, report["live"], report["ready"]) == (503, True, False)
    return bool(report["waiting"] == [dependency])


async def booked(ingress: Ingress) -> bool:
    response = await ingress.call(ANNA, "POST", "", json=NEW)
    assert response.status_code == 201, response.text
    return True


async def test_without_postgres_reads_say_when_to_try_again(
    lone_ingress: Ingress, own_stack: OwnStack
) -> None:
    await own_stack.postgres.kill()
    try:
        response = await lone_ingress.call(ANNA, "GET", "/calendar")
        assert (response.status_code, response.json()["code"]) == (503, "views_unavailable")
        assert int(response.headers["retry-after"]) > 0
        await eventually(lambda: waits_for(lone_ingress, "postgres"))
    finally:
        await own_stack.heal()
    await eventually(lambda: is_ready(lone_ingress.client), 20)
    assert (await lone_ingress.call(ANNA, "GET", "/calendar")).status_code == 200
