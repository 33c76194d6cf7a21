"""Both services that take commands, each with a PostgreSQL database of its own, and an Identity Service."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from contracts.tools.samples import GRETA, JONAS
from tests.component.booking.identity import Identity
from tests.component.commands.records import ANNA, ORGANIZATION, OTHER_ORGANIZATION, STRANGER
from tests.component.commands.service import Service, booking_in, notifier_in
from tests.support.world import new_world, remove_world


@pytest.fixture(scope="module")
async def identity() -> AsyncIterator[Identity]:
    """An Identity Service that knows two organizations and their admins."""
    service = Identity()
    for person in (ANNA, UUID(GRETA), UUID(JONAS)):
        service.add(person, ORGANIZATION, roles=["member", "admin"])
    service.add(STRANGER, OTHER_ORGANIZATION, roles=["member", "admin"])
    await service.start()
    yield service
    await service.stop()


@pytest.fixture(scope="module", params=[booking_in, notifier_in], ids=["booking", "notifier"])
async def service(
    request: pytest.FixtureRequest, database_server: str, identity: Identity
) -> AsyncIterator[Service]:
    """One of the two services."""
    world = new_world("127.0.0.1:1", database_server)
    async with request.param(world, identity) as found:
        yield found
    await remove_world(world)
