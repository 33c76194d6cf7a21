"""An event loop whose time is virtual and whose order is seeded; processes that live in it can be stopped and killed."""

import asyncio
import heapq
import random
from collections import deque
from contextvars import ContextVar

PROCESS: ContextVar[int] = ContextVar("process", default=0)
"""The simulated process in which code runs; 0 is the world outside: servers, network, the scenario itself."""


ROUND = 1e-6  # seconds that each round of callbacks takes: time never stands still


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs ready callbacks in a seeded order; when none is ready, the clock jumps to the next timer.

    Callbacks of a stopped process wait until it goes on (SIGSTOP); those of a killed one never run again, and nothing
    of it is cleaned up (SIGKILL).
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._now = 1000.0
        self._chance = chance
        self._stopped: dict[int, list[asyncio.Handle]] = {}
        self._killed: set[int] = set()
        self._buried: list[asyncio.Handle] = []  # kept: what they refer to must not be torn down halfway

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def stop_process(self, number: int) -> None:
        """Run nothing of this process for now."""
        self._stopped.setdefault(number, [])

    def continue_process(self, number: int) -> None:
        """Let a stopped process go on with everything that has become ready meanwhile."""
        self._ready.extend(self._stopped.pop(number, []))

    def kill_process(self, number: int) -> None:
        """Run nothing of this process ever again."""
        self._killed.add(number)
        self._buried += self._stopped.pop(number, [])

    def forget_processes(self) -> None:
        """Let everything run again, so that what is left can be cancelled."""
        self._killed.clear()
        for number in list(self._stopped):
            self.continue_process(number)

    def _run_once(self) -> None:
        self._now += ROUND
        self._collect()
        while not self._ready:
            if not self._scheduled:
                raise RuntimeError("deadlock: nothing is ready and nothing is scheduled")
            self._now = max(self._now, self._scheduled[0].when())
            self._collect()
        handles = list(self._ready)
        self._ready.clear()
        self._chance.shuffle(handles)
        for handle in handles:
            # An earlier callback of this round may have stopped or killed the process of a later one.
            if not handle.cancelled() and not self._set_aside(handle):
                handle._run()

    def _collect(self) -> None:
        """Move due timers to the ready callbacks, without those of stopped and killed processes."""
        while self._scheduled and (self._scheduled[0].cancelled() or self._scheduled[0].when() <= self._now):
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False  # type: ignore[attr-defined]
            if not timer.cancelled():
                self._ready.append(timer)
        self._ready = deque(handle for handle in self._ready if not self._set_aside(handle))

    def _set_aside(self, handle: asyncio.Handle) -> bool:
        if not self._killed and not self._stopped:
            return False
        number = handle._context.get(PROCESS, 0)  # type: ignore[attr-defined]
        if number in self._killed:
            self._buried.append(handle)
            return True
        if number in self._stopped:
            self._stopped[number].append(handle)
            return True
        return False
