"""One child process in the foreground: prepared, started, checked for readiness, stopped, killed.

The supervisor and the tests use the same class, so a fault test kills the process that users run.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LOG_LIMIT_BYTES = 10 * 1024 * 1024
_POLL_SECONDS = 0.05
_AUTOGROUP = Path("/proc/self/autogroup")  # proc_pid_autogroup(5)
_PR_SET_PDEATHSIG = 1


class NotReady(Exception):
    """A process did not become ready in time, or exited before it did. The message ends with its log."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: arguments and the whole environment; `nice`: its niceness."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    nice: int = 0


class Program(Protocol):
    """The program of a child. `prepare` is idempotent and creates everything needed before the first start."""

    @property
    def name(self) -> str: ...

    @property
    def stop_signal(self) -> signal.Signals: ...

    async def prepare(self) -> None: ...

    def command(self) -> Command: ...

    async def ready(self) -> bool: ...


class Child:
    """A program's process, its own process group, its output appended to a log file."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0
        self._started_at: float | None = None

    @property
    def started_at(self) -> float | None:
        """When the running process was started, in seconds since 1970; None while there is none."""
        return self._started_at if self.running else None

    @property
    def pid(self) -> int | None:
        """The id of the running process, None while there is none."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the process was started and has not been seen to exit."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Prepare and execute; return as soon as the process exists."""
        await self.program.prepare()
        command = self.program.command()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        rotate(self.log)
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command.argv,
                env=dict(command.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_before_execution(self.program.stop_signal, command.nice),
            )
        self._started_at = time.time()

    async def start_ready(self, deadline: float = 30.0) -> None:
        """Start and wait until ready; an early exit is tried again until `deadline` seconds are over.

        PostgreSQL for one refuses to start while the last backends of a killed predecessor are leaving.
        """
        try:
            async with asyncio.timeout(deadline):
                while True:
                    await self.start()
                    if await self._ready_or_exited():
                        return
                    await asyncio.sleep(4 * _POLL_SECONDS)
        except TimeoutError:
            raise NotReady(
                f"{self.program.name} was not ready within {deadline:g} s.\n{self.log_tail()}"
            ) from None

    async def _ready_or_exited(self) -> bool:
        while self.running:
            if await self.program.ready():
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    async def wait(self) -> int:
        """Return the exit code once the process has ended; the rest of its process group is killed."""
        if self._process is None:
            raise RuntimeError(f"{self.program.name} was never started")
        code = await self._process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return code

    async def stop(self, timeout: float = 10.0) -> None:
        """Terminate the process, and kill it if it has not ended after `timeout` seconds."""
        if not self.running:
            return
        self.resume()
        self.signal(self.program.stop_signal)
        try:
            await asyncio.wait_for(self.wait(), timeout)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.wait()

    def suspend(self) -> None:
        """SIGSTOP for the process and all its descendants (PostgreSQL's backends have sessions of their own)."""
        for pid in self._tree():
            _send(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT for the process and all its descendants."""
        for pid in self._tree():
            _send(pid, signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone; no effect after its end."""
        if self.pid is not None:
            _send(self.pid, number)

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the log since the last start."""
        if not self.log.exists():
            return "(no log)"
        with self.log.open("rb") as log:
            log.seek(max(self._log_start, self.log.stat().st_size - 65536))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _tree(self) -> list[int]:
        return [] if self.pid is None else [self.pid, *descendants(self.pid)]


def descendants(pid: int) -> list[int]:
    """Return the process ids below `pid`, by Linux's /proc; empty on other systems."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for listing in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, listing.read_text().split()):
                found += [child, *descendants(child)]
    return found


def rotate(log: Path) -> None:
    """Keep one older log file once the present one is over the limit."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_name(log.name + ".1"))


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _stand_back(nice: int) -> None:
    """Lower the priority against all sessions. Linux may weigh sessions against each other, and `nice` then
    counts within one only.
    """
    os.nice(nice)
    with contextlib.suppress(OSError):
        _AUTOGROUP.write_text(str(nice))


def _before_execution(stop_signal: signal.Signals, nice: int) -> Callable[[], None]:
    """Prepare the new process: lower its priority, and on Linux request a signal on its parent's death.

    So a killed `up` leaves no process behind.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        _stand_back(nice)
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))

    return prepare
