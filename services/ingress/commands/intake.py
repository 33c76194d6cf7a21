"""The intake of commands, which pauses while the topics are being given more partitions."""

import asyncio
import time

from contracts.control import PAUSE_MAX
from services.ingress.domain.problems import Problem


class Intake:
    """Open, or paused until the instant that `pause` names. A request waits for at most `wait` seconds."""

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._open = asyncio.Event()
        self._open.set()
        self._end: asyncio.TimerHandle | None = None

    @property
    def paused(self) -> bool:
        """Return whether commands wait now."""
        return not self._open.is_set()

    def pause(self, until: float) -> None:
        """Pause until then (seconds since 1970); a later call replaces an earlier one, and a past instant
        ends the pause.
        """
        if self._end is not None:
            self._end.cancel()
        left = min(until - time.time(), PAUSE_MAX)
        if left <= 0:
            self._open.set()
            return
        self._open.clear()
        self._end = asyncio.get_running_loop().call_later(left, self._open.set)

    async def opened(self) -> None:
        """Return as soon as the intake is open. Raises Problem 503 after `wait` seconds; nothing was done
        then.
        """
        try:
            await asyncio.wait_for(self._open.wait(), self._wait)
        except TimeoutError:
            raise Problem(
                "kafka_unavailable",
                "The topics are being given more partitions; nothing was done. Try again.",
            ) from None
