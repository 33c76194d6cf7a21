"""Trying until it works, and resting until there is something to do."""

import asyncio

import pytest

from chassis import backoff
from chassis.retrying import Alarm, until_done


class Work:
    """Fails with these errors, one after the other, then returns 7."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.attempts = 0

    async def __call__(self) -> int:
        self.attempts += 1
        if self._errors:
            raise self._errors.pop(0)
        return 7


def passing(error: Exception) -> bool:
    return isinstance(error, OSError)


async def test_what_passes_is_waited_for_with_longer_and_longer_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    reported: list[tuple[str, int]] = []

    def delay(attempt: int, _base: float, _longest: float) -> float:
        pauses.append(attempt)
        return 0.0

    monkeypatch.setattr(backoff, "delay", delay)
    work = Work(OSError("a"), OSError("b"), OSError("c"))
    found = await until_done(work, passing=passing, waiting=lambda error, n: reported.append((str(error), n)))
    assert (found, work.attempts) == (7, 4)
    assert reported == [("a", 1), ("b", 2), ("c", 3)]
    assert pauses == [1, 2, 3]


async def test_anything_else_is_raised() -> None:
    work = Work(OSError(), ValueError("ours"))
    with pytest.raises(ValueError, match="ours"):
        await until_done(work, passing=passing, waiting=lambda *_: None, base=0.0)
    assert work.attempts == 2


async def test_an_alarm_wakes_whoever_rests() -> None:
    alarm = Alarm()
    resting = asyncio.create_task(alarm.rest(60))
    await asyncio.sleep(0)
    assert not resting.done()
    alarm.ring()
    assert await resting is True


async def test_what_rings_after_the_look_is_not_missed() -> None:
    alarm = Alarm()
    alarm.ring()
    alarm.reset()
    assert await alarm.rest(0.0) is False
    alarm.ring()
    assert await alarm.rest(60) is True


async def test_more_work_gathers_after_it_rang(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    alarm = Alarm()
    alarm.ring()
    monkeypatch.setattr(asyncio, "sleep", sleep)
    await alarm.rest(60, gather=0.05)
    assert slept == [0.05]
