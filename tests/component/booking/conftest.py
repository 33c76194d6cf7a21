"""Booking in a world of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.component.booking.desk import Desk, open_desk
from tests.component.booking.identity import Identity
from tests.support import World


@pytest.fixture
async def identity() -> AsyncIterator[Identity]:
    """An Identity Service that works until told otherwise."""
    service = Identity()
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def closed_desk(cluster: World, identity: Identity) -> AsyncIterator[Desk]:
    """Database and topics, and no service yet."""
    async with open_desk(cluster, identity) as desk:
        yield desk


@pytest.fixture
async def desk(closed_desk: Desk) -> Desk:
    """With one booking service at work."""
    await closed_desk.start()
    return closed_desk
