"""Three brokers, two databases and the fleet on them: started once for all tests of this folder."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.topics import acls
from deploy.local.prepare import prepare
from tests.clusters import fleet as on
from tests.clusters.brokers import Brokers, three_brokers
from tests.clusters.certificates import Authority
from tests.clusters.servers import Servers, primary_and_standby
from tests.support.cli import Cli, running


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything lies."""
    return tmp_path_factory.mktemp("clusters")


@pytest.fixture(scope="session")
def authority(place: Path) -> Authority:
    """The authority that signs the certificates of brokers and databases."""
    return Authority(place / "certificates")


@pytest.fixture(scope="session")
async def servers(place: Path, authority: Authority) -> AsyncIterator[Servers]:
    """PostgreSQL with a synchronous standby."""
    async with primary_and_standby(place / "servers", authority) as found:
        yield found


@pytest.fixture(scope="session")
async def brokers(place: Path, authority: Authority) -> AsyncIterator[Brokers]:
    """Kafka, with the ACLs that each process needs and no other."""
    async with three_brokers(place / "brokers", authority, on.USERS) as found:
        for process in acls.PROCESSES:
            await found.allow(f"User:{process}", acls.of(process))
        yield found


@pytest.fixture(scope="session")
async def environment(brokers: Brokers, servers: Servers) -> dict[str, str]:
    """The variables of the fleet, whose topics, databases and roles exist."""
    found = on.variables(brokers, servers)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in found.items():
            patch.setenv(name, value)
        await prepare()
    return found


@pytest.fixture(scope="session")
async def fleet(place: Path, environment: dict[str, str], brokers: Brokers) -> AsyncIterator[Cli]:
    """The fleet, started while the broker that is named first is down."""
    await brokers.children[0].kill()
    async with running(place / "fleet", environment) as cli:
        yield cli


@pytest.fixture(autouse=True)
async def healed(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """All brokers are there again when a test ends."""
    yield
    if "brokers" in request.fixturenames:
        await asyncio.wait_for(request.getfixturevalue("brokers").heal(), 300)
