"""`up` waits for a process as long as it makes progress, and not for one that keeps ending."""

import asyncio
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from cli.stack import patience
from cli.stack.patience import late, sentence_about
from deploy.local.supervisor import HOPELESS_STARTS, Member, State


@dataclass
class Child:
    """A child as far as waiting looks at it."""

    log: Path = Path("/logs/booking.log")
    pid: int | None = None

    def log_tail(self, lines: int) -> str:
        """The end of its log."""
        return "the last line"


@dataclass
class Waited:
    """A supervised process in some state."""

    name: str = "booking"
    state: State = State.STARTING
    failures: int = 0
    error: str | None = None
    child: Child = field(default_factory=Child)


def members(*waited: Waited) -> list[Member]:
    """As the supervisor's own."""
    return cast("list[Member]", list(waited))


async def test_all_ready_is_nobody_late() -> None:
    assert await late(members(Waited(state=State.READY)), 1) == []


async def test_a_process_without_progress_is_late_and_named_with_its_log() -> None:
    [slow] = await late(members(Waited(), Waited("kafka", State.READY)), 0.3)
    assert slow.name == "booking"
    sentence = sentence_about(slow)
    assert "is not ready yet" in sentence
    assert "/logs/booking.log" in sentence
    assert "the last line" in sentence


async def test_a_process_that_keeps_ending_is_not_waited_for() -> None:
    [ended] = await late(members(Waited(failures=HOPELESS_STARTS)), 3_600)
    assert "keeps ending" in sentence_about(ended)


async def test_work_counts_as_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    booking, asked = Waited(), 0

    def used(_: Any) -> float:
        nonlocal asked
        asked += 1
        if asked > 5:
            booking.state = State.READY
        return float(asked)

    monkeypatch.setattr(patience, "_processor_seconds", used)
    monkeypatch.setattr(patience, "_SAMPLE_SECONDS", 0.2)
    assert await late(members(booking), 0.5) == []
    assert asked > 5


async def test_without_a_limit_even_one_that_keeps_ending_is_waited_for() -> None:
    booking = Waited(failures=HOPELESS_STARTS)
    asyncio.get_running_loop().call_later(0.3, setattr, booking, "state", State.READY)
    assert await late(members(booking), math.inf) == []
    assert booking.state is State.READY
