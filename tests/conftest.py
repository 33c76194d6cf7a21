"""Kafka, PostgreSQL, and a world of one's own in them; see `tests/support`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.process import Child
from tests.support import proofs
from tests.support.examples import FEW, QUICK
from tests.support.stack import OwnStack, any_kafka, any_postgres, run_own_stack
from tests.support.world import World, new_world, remove_world

# Set before any process or settings are made: those of booking and the ingress share it.
assert proofs.FEED_SECRET

# No deadline: on a busy machine a slow example is no fault. `quick` is for `make test-unit`.
settings.register_profile("patient", deadline=None)
settings.register_profile(QUICK, deadline=None, max_examples=FEW)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def stack_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's servers keep their data and logs."""
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
async def kafka_bootstrap(stack_home: Path) -> AsyncIterator[str]:
    """`host:port` of a Kafka that all tests share; a test may not stop it."""
    async with any_kafka(stack_home) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
async def database_server(stack_home: Path) -> AsyncIterator[str]:
    """`postgresql://user:password@host:port` of a PostgreSQL that all tests share; a test may not stop it."""
    async with any_postgres(stack_home) as server:
        yield server


@pytest.fixture
async def cluster(kafka_bootstrap: str, database_server: str) -> AsyncIterator[World]:
    """A world of the test's own: names for databases and topics that no other test has."""
    world = new_world(kafka_bootstrap, database_server)
    yield world
    await remove_world(world)


@pytest.fixture(scope="module")
async def own_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnStack]:
    """A private Kafka and PostgreSQL that the tests of one module may break; `await own_stack.heal()` after."""
    async with run_own_stack(tmp_path_factory.mktemp("own")) as stack:
        yield stack


@pytest.fixture(scope="module")
def broker_process(own_stack: OwnStack) -> Child:
    """The private broker's process: `kill`, `suspend`, `resume`, `stop`, `start_ready`."""
    return own_stack.broker


@pytest.fixture(scope="module")
def postgres_process(own_stack: OwnStack) -> Child:
    """The private PostgreSQL's process: `kill`, `suspend`, `resume`, `stop`, `start_ready`."""
    return own_stack.postgres
