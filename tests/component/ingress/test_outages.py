"""Kafka, PostgreSQL or Identity are away: clear answers meanwhile, and all is well afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from services.ingress.domain.signatures import sign
from tests.component.ingress.people import ANNA
from tests.component.ingress.running import SECRET, Ingress, is_ready, run_ingress
from tests.component.ingress.webhooks import a_report, post, reports
from tests.support import eventually
from tests.support.stack import OwnStack

NEW = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z", "title": "Review"}


@pytest.fixture(scope="module")
async def lone_ingress(own_stack: OwnStack) -> AsyncIterator[Ingress]:
    """An ingress whose servers the tests may kill."""
    async with run_ingress(own_stack.world(), communication_webhook_secret=SECRET) as ingress:
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
        body, signed = a_report(), int(time.time())
        for _ in range(2):
            refused = await post(lone_ingress, body, sign(SECRET, signed, body))
            assert (refused.status_code, refused.json()["code"]) == (503, "kafka_unavailable")
    finally:
        await own_stack.heal()
    await eventually(lambda: is_ready(lone_ingress.client), 20)
    assert (await lone_ingress.call(ANNA, "POST", "", json=NEW)).status_code == 201
    # What was not taken was not used up: the sender may come again with the very same signature.
    assert (await post(lone_ingress, body, sign(SECRET, signed, body))).status_code == 202
    assert body in {record.value for record in await reports(lone_ingress)}


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
