"""One ingress for the session; each test finds it as if it were new."""

from collections.abc import AsyncIterator

import pytest

from tests.component.ingress.running import CALENDAR_SECRET, SECRET, Ingress, run_ingress
from tests.support.world import new_world, remove_world


@pytest.fixture(scope="session")
async def shared_ingress(kafka_bootstrap: str, database_server: str) -> AsyncIterator[Ingress]:
    """An ingress that all tests of this folder share; its waits are shorter, so that waiting in vain is quick."""
    world = new_world(kafka_bootstrap, database_server)
    async with run_ingress(
        world,
        outcome_wait=1.5,
        visible_wait=1.0,
        person_rate=1000.0,
        person_burst=2000.0,
        stream_queue_max=50,
        stream_check_seconds=0.2,
        communication_webhook_secret=SECRET,
        calendar_secret=CALENDAR_SECRET,
    ) as ingress:
        yield ingress
    await remove_world(world)


@pytest.fixture
async def ingress(shared_ingress: Ingress) -> AsyncIterator[Ingress]:
    """The shared ingress with empty views and a fleet that accepts creates."""
    yield shared_ingress
    await shared_ingress.fleet.settle()
    shared_ingress.fleet.reset()
    await shared_ingress.fleet.clear()
