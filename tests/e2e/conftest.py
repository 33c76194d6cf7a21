"""One whole stack for all journeys, and people who use it."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.e2e.user import User, Users
from tests.support.cli import Cli, free_offset

# The waits of docs/requirements.md#retries are minutes; a journey has seconds. The rules are the same.
HURRIED = {
    "QUICK_WAIT_MIN": "0.1",
    "QUICK_WAIT_MAX": "0.2",
    "RETRY_FIRST": "1",
    "RETRY_NEXT": "1",
    "BREAKER_RECOVERY": "1",
    "RECOVERY_SPREAD": "0.5",
    "DIGEST_THRESHOLD": "0",  # the same few people get more messages than come one by one on a day
    "NO_SHOW_AFTER_MINUTES": "0.01",
    "FOLLOW_UP_AFTER_MINUTES": "0.01",
}


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    """The stack, ready, at ports of its own."""
    cli = Cli(tmp_path_factory.mktemp("e2e"), free_offset())
    before = dict(os.environ)
    os.environ.update(HURRIED)
    try:
        started = await cli.up()
        assert started.returncode == 0, started.stdout + started.stderr
        yield cli
    finally:
        os.environ.clear()
        os.environ.update(before)
        await cli("down")


@pytest.fixture(scope="module")
async def urls(stack: Cli) -> dict[str, str]:
    """The output of `appointments env`."""
    return await stack.env()


@pytest.fixture(scope="module")
async def users(urls: dict[str, str]) -> AsyncIterator[Users]:
    """People by the first part of their address, in the order of the directory."""
    users = await Users.of(urls)
    yield users
    for user in users.known.values():
        await user.http.aclose()


@pytest.fixture
async def jonas(users: Users) -> User:
    """A member in Berlin."""
    return await users("jonas@nordlicht.example")


@pytest.fixture
async def mira(users: Users) -> User:
    """A colleague of his."""
    return await users("mira@nordlicht.example")
