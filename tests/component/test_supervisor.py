"""The supervisor: a killed child is back within 3 s, one that keeps ending is tried ever later, order is kept."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.process import Child, Command, NotReady
from deploy.local.supervisor import Member, State, pause_before_restart
from tests.support import eventually

FOREVER = "import signal, sys; print('up', flush=True); signal.pause()"
AT_ONCE = "import sys; print('cannot go on', flush=True); sys.exit(3)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"


@dataclass(frozen=True)
class Script:
    """A tiny program that is ready once it has written something."""

    source: str
    log: Path
    name: str = "script"
    stop_signal: signal.Signals = signal.SIGTERM
    nice: int = 0

    async def prepare(self) -> None: ...

    def command(self) -> Command:
        return Command([sys.executable, "-c", self.source], nice=self.nice)

    async def ready(self) -> bool:
        return self.log.exists() and "up" in self.log.read_text()


@asynccontextmanager
async def supervised(source: str, folder: Path) -> AsyncIterator[Member]:
    log = folder / "script.log"
    member = Member(Child(Script(source, log), log), on_change=lambda: None)
    member.begin()
    try:
        yield member
    finally:
        await member.stop(timeout=0.5)


def replaced(member: Member, gone: int) -> Callable[[], bool]:
    return lambda: member.child.pid not in (None, gone)


async def test_a_killed_child_is_back_within_three_seconds(tmp_path: Path) -> None:
    async with supervised(FOREVER, tmp_path) as member:
        await member.wait_ready(10)
        for _ in range(3):
            before = member.child.pid
            assert before is not None
            killed_at = time.monotonic()
            os.kill(before, signal.SIGKILL)
            await eventually(replaced(member, before), deadline=3)
            await member.wait_ready(3)
            assert time.monotonic() - killed_at < 3
        assert member.restarts == 3


def autogroup_of(child: Child) -> str:
    return Path(f"/proc/{child.pid}/autogroup").read_text().split(maxsplit=1)[1].strip()


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="no sessions are weighed here")
async def test_a_child_stands_back_for_other_sessions_too(tmp_path: Path) -> None:
    log = tmp_path / "script.log"
    child = Child(Script(FOREVER, log, nice=10), log)
    try:
        await child.start_ready(10)
        assert autogroup_of(child) == "nice 10"
    finally:
        await child.stop()


async def test_a_child_that_keeps_ending_is_reported_with_its_log(tmp_path: Path) -> None:
    async with supervised(AT_ONCE, tmp_path) as member:
        with pytest.raises(NotReady, match="cannot go on"):
            await member.wait_ready(20)


async def test_a_stopped_child_stays_stopped(tmp_path: Path) -> None:
    async with supervised(FOREVER, tmp_path) as member:
        await member.wait_ready(10)
        pid = member.child.pid
        assert pid is not None
        await member.stop()
        assert (member.state, member.child.pid) == (State.STOPPED, None)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_child_deaf_to_its_stop_signal_is_killed(tmp_path: Path) -> None:
    async with supervised(DEAF, tmp_path) as member:
        await member.wait_ready(10)
        began = time.monotonic()
        await member.stop(timeout=0.3)
        assert not member.child.running
        assert time.monotonic() - began < 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_a_killed_supervisor_leaves_no_child_behind(tmp_path: Path) -> None:
    source = f"""
import asyncio
from pathlib import Path
from deploy.local.process import Child
from tests.component.test_supervisor import FOREVER, Script
async def main():
    log = Path({str(tmp_path / "inner.log")!r})
    child = Child(Script(FOREVER, log), log)
    await child.start_ready(10)
    print(child.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    parent.kill()
    await parent.wait()
    await eventually(lambda: not Path(f"/proc/{child}").exists() or _is_zombie(child), deadline=5)


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        pytest.param(1, 0.2, id="the first end is repaired at once"),
        pytest.param(2, 0.5, id="the second a little later"),
        pytest.param(5, 4.0, id="then twice as late each time"),
        pytest.param(50, 8.0, id="never later than eight seconds"),
    ],
)
def test_the_pause_before_a_restart(failures: int, seconds: float) -> None:
    assert pause_before_restart(failures) == seconds
