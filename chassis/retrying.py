"""Trying until something works, and resting until something is to be done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from chassis import backoff

T = TypeVar("T")


async def until_done(
    work: Callable[[], Awaitable[T]],
    *,
    passing: Callable[[Exception], bool],
    waiting: Callable[[Exception, int], None],
    base: float = 0.1,
    longest: float = 5.0,
) -> T:
    """Return the result of `work`, tried again with back-off as long as it fails for a `passing` reason.

    Any other exception is raised. `waiting` is called with each passing one and the number of the attempt, from 1;
    `base` and `longest` are the seconds of the first and of the longest pause.
    """
    attempt = 0
    while True:
        try:
            return await work()
        except Exception as error:
            if not passing(error):
                raise
            attempt += 1
            waiting(error, attempt)
        await asyncio.sleep(backoff.delay(attempt, base, longest))


class Alarm:
    """Wakes a resting loop. `reset` it before looking for work: later work then wakes the loop."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There may be something to do."""
        self._rung.set()

    def reset(self) -> None:
        """Clear earlier rings: the coming look covers them."""
        self._rung.clear()

    async def rung(self) -> None:
        """Wait until it rings."""
        await self._rung.wait()

    async def rest(self, seconds: float, gather: float = 0.0) -> bool:
        """Wait until it rings, at most so many seconds; then `gather` seconds more, while more work comes.

        Returns whether it rang.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        if gather:
            await asyncio.sleep(gather)
        return True
