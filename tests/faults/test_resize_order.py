"""Commands of a person over HTTP keep their order across a resize, also where booking is slow to decide.

Without the drain or without the pause, what was sent last is overtaken by what was sent first.
"""

from collections.abc import AsyncIterator

import pytest

from cli.operate.resizing import _Resize
from tests.e2e.user import Users
from tests.faults.renames import Renames, right_before_the_pause, when_all_is_drained
from tests.support import World
from tests.support.cli import running
from tests.support.mutation import changed


@pytest.fixture(scope="module")
async def renames(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Renames]:
    variables = {"TOPIC_PARTITIONS": "3", "OUTCOME_WAIT": "1"}
    async with running(tmp_path_factory.mktemp("order"), variables) as cli:
        urls = await cli.env()
        world = World(urls["KAFKA_BOOTSTRAP_SERVERS"], urls["DATABASE_URL"], "")
        yield Renames(world, await Users.of(urls))


async def test_a_command_from_before_the_pause_is_decided_before_partitions_are_added(
    renames: Renames,
) -> None:
    assert await renames.across_a_resize(right_before_the_pause) == "Second"


async def test_without_the_drain_a_command_from_before_the_pause_is_overtaken(renames: Renames) -> None:
    """A negative control: the renames must be able to show what the drain prevents."""
    with changed(_Resize, "run", ("await self._drain(self._patience)", "pass")):
        assert await renames.across_a_resize(right_before_the_pause) == "First"


async def test_a_command_that_is_sent_during_the_pause_waits_for_the_new_partitions(renames: Renames) -> None:
    assert await renames.across_a_resize(when_all_is_drained) == "Second"


async def test_without_the_pause_a_command_is_overtaken(renames: Renames) -> None:
    """A negative control: the renames must be able to show what the pause prevents."""
    with changed(_Resize, "_tell", ("await self._publisher.publish([_pause(seconds)])", "pass")):
        assert await renames.across_a_resize(when_all_is_drained) == "First"
