"""Keep child processes alive: restart each one that ends, with a growing pause if it keeps ending."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from enum import StrEnum

from deploy.local.process import Child, NotReady

LONGEST_PAUSE_SECONDS = 8.0
# A process that lived this long, or was ready, started well: its end counts as the first.
SETTLED_SECONDS = 10.0
HOPELESS_STARTS = 3
_POLL_SECONDS = 0.1


class State(StrEnum):
    """The state of a supervised process. `ready`: it was ready since its last start; its health shows the
    present.
    """

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


def pause_before_restart(failures: int) -> float:
    """Return the seconds to wait after the `failures`-th end in a row (1 is the first): 0.2, 0.5, 1, 2, 4, 8,
    8, …
    """
    return 0.2 if failures <= 1 else min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** (failures - 2))


class Member:
    """One supervised child. `on_change` is called whenever its pid, state or number of restarts changes."""

    def __init__(self, child: Child, on_change: Callable[[], None]) -> None:
        self.child = child
        self.name = child.program.name
        self.state = State.WAITING
        self.restarts = 0
        self.failures = 0
        self.error: str | None = None
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start it, and from now on start it again whenever it ends."""
        self._task = asyncio.create_task(self._keep_alive())

    async def wait_ready(self, deadline: float) -> None:
        """Return once it is ready; raise NotReady after `deadline` seconds or repeated failed starts."""
        until = time.monotonic() + deadline
        while self.state is not State.READY:
            if self.error is not None:
                raise NotReady(f"{self.name} could not be started: {self.error}")
            if self.failures >= HOPELESS_STARTS:
                raise NotReady(f"{self.name} keeps ending before it is ready. {self._end_of_log()}")
            if time.monotonic() >= until:
                raise NotReady(f"{self.name} was not ready within {deadline:g} s. {self._end_of_log()}")
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self, timeout: float = 12.0) -> None:
        """End it for good, in at most `timeout` seconds."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.child.stop(timeout)
        self._become(State.STOPPED)

    def _end_of_log(self) -> str:
        return f"Its log {self.child.log} ends:\n{self.child.log_tail() or '(empty)'}"

    async def _keep_alive(self) -> None:
        while True:
            began = time.monotonic()
            was_ready = await self._run_once()
            settled = was_ready or time.monotonic() - began >= SETTLED_SECONDS
            self.failures = 1 if settled else self.failures + 1
            self._become(State.RESTARTING)
            await asyncio.sleep(pause_before_restart(self.failures))
            self.restarts += 1

    async def _run_once(self) -> bool:
        """Run the child once, to its end; return whether it was ever ready."""
        try:
            await self.child.start()
        except Exception as error:  # any failure of prepare or the system is shown, and the start is retried
            self.error = str(error)
            return False
        self.error = None
        self._become(State.STARTING)
        watching = asyncio.create_task(self._watch_until_ready())
        try:
            await self.child.wait()
        finally:
            watching.cancel()
        return self.state is State.READY

    async def _watch_until_ready(self) -> None:
        while True:
            if await self.child.program.ready():
                return self._become(State.READY)
            await asyncio.sleep(_POLL_SECONDS)

    def _become(self, state: State) -> None:
        self.state = state
        self._on_change()
