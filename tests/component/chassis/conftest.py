"""A database of the test's own, and no broker."""

from collections.abc import AsyncIterator

import pytest

from tests.support.world import World, new_world, remove_world


@pytest.fixture
async def world(database_server: str) -> AsyncIterator[World]:
    """Databases that no other test has; there is no Kafka in it."""
    world = new_world("127.0.0.1:1", database_server)
    yield world
    await remove_world(world)
