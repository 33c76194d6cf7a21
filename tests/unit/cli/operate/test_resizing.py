"""The steps of a resize, in their order: commands wait only once the fleet has caught up, and for as short as may be."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from chassis.configuration.settings import Settings
from chassis.topics import administration
from chassis.topics.draining import Behind
from cli.operate import resizing
from cli.operate.resizing import Refused, Resized, _Resize
from contracts.envelope import Message
from tests.support.mutation import changed


class Fleet:
    """Groups that have `left` records to apply for so many looks, and what is done to the fleet."""

    def __init__(self, slow: int) -> None:
        self.steps: list[str] = []
        self._slow = slow

    async def ends(self) -> dict[Any, int]:
        """Where the logs end."""
        return {}

    async def behind(self, _: object) -> list[Behind]:
        """A lag that lasts for a while."""
        self._slow -= 1
        self.steps.append("drained" if self._slow < 0 else "behind")
        return [] if self._slow < 0 else [Behind("booking.commands", "booking.commands", 0, 1)]

    async def missing(self, _: int) -> list[str]:
        """Everybody follows at once."""
        return []

    async def publish(self, messages: Sequence[Message]) -> None:
        """The pause, and its end."""
        (message,) = messages
        seconds = orjson.loads(message.value or b"")["seconds"]
        self.steps.append("pause" if seconds else "go on")

    async def add(self, *_: object) -> None:
        """Partitions are added."""
        self.steps.append("add")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SETTLE", "FORGOTTEN_AFTER", "LOOK_EVERY"):
        monkeypatch.setattr(resizing, name, 0.0)


async def steps_of(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, patience: float = 5.0) -> list[str]:
    monkeypatch.setattr(administration, "add_partitions", fleet.add)
    groups: Any = fleet
    await _Resize(Settings(), groups, groups, patience, lambda _: None).run(Resized(6, {"t": 3}))
    return fleet.steps


async def test_commands_wait_only_once_the_fleet_has_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = await steps_of(Fleet(slow=3), monkeypatch)
    assert steps == ["behind"] * 3 + ["drained", "pause"] + ["drained"] * 4 + ["add", "go on"]


async def test_a_fleet_that_does_not_catch_up_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(slow=1_000_000)
    with pytest.raises(Refused, match=r"1 records of booking\.commands/0 left"):
        await steps_of(fleet, monkeypatch, patience=0.05)
    assert set(fleet.steps) == {"behind"}


async def test_without_the_catch_up_commands_wait_for_the_whole_backlog(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A negative control."""
    with changed(_Resize, "run", ("await self._catch_up()", "pass")):
        assert (await steps_of(Fleet(slow=3), monkeypatch))[:2] == ["pause", "behind"]
