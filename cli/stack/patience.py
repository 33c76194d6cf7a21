"""How long `up` waits for its processes: longer while one of them makes progress."""

import asyncio
import math
import os
import time
from collections.abc import Iterable
from pathlib import Path

from deploy.local.supervisor import HOPELESS_STARTS, Member, State

LONGEST = 5  # times the timeout, whatever progress is made
_POLL_SECONDS = 0.1
_SAMPLE_SECONDS = 5.0
_BUSY = 0.1  # share of a processor that a process which still works on its start uses


async def late(members: Iterable[Member], timeout: float) -> list[Member]:
    """Return the processes that are not ready in time, none as soon as all are ready.

    The time is over `timeout` seconds after the last progress: a process became ready, or a starting one used
    the processor. A process that keeps ending is waited for only without a limit (`math.inf`).
    """
    waited = list(members)
    began = progress = sampled = time.monotonic()
    ready, used = 0, {member.name: _processor_seconds(member) for member in waited}
    while True:
        pending = [member for member in waited if member.state is not State.READY]
        now = time.monotonic()
        if len(waited) - len(pending) > ready:
            ready, progress = len(waited) - len(pending), now
        if now - sampled >= _SAMPLE_SECONDS:
            current = {member.name: _processor_seconds(member) for member in pending}
            if any(seconds - used[name] >= _BUSY * (now - sampled) for name, seconds in current.items()):
                progress = now
            used, sampled = used | current, now
        over = now - progress >= timeout or now - began >= LONGEST * timeout
        hopeless = math.isfinite(timeout) and all(keeps_ending(member) for member in pending)
        if over or hopeless or not pending:
            return pending
        await asyncio.sleep(_POLL_SECONDS)


def keeps_ending(member: Member) -> bool:
    """Return whether starting a process again looks hopeless."""
    return member.error is not None or member.failures >= HOPELESS_STARTS


def sentence_about(member: Member) -> str:
    """Return why a process is not ready, the name of its log, and the log's last lines."""
    log = member.child.log
    if member.error is not None:
        return f"{member.name} could not be started: {member.error}"
    state = (
        "keeps ending before it is ready" if keeps_ending(member) else "is not ready yet; it goes on starting"
    )
    tail = "\n".join(f"  {line}" for line in member.child.log_tail(5).splitlines()) or "  (empty)"
    return f"{member.name} {state}. Its log {log} ends:\n{tail}"


def _processor_seconds(member: Member) -> float:
    """Return the processor time of a process, by Linux's /proc; 0 on other systems."""
    try:
        fields = Path(f"/proc/{member.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0
