"""Read a calendar file of a stranger's in a process of its own, with bounded memory and time and no secrets.

Run as a program it reads a line of JSON and the file from standard input, and writes the result as JSON.
"""

import asyncio
import os
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson

from scheduling.ics import reading
from scheduling.ics.occupied import Range

AHEAD = timedelta(days=5 * 365)  # nothing can be booked later
RANGES_MAX = 5_000  # for each person
SECONDS, CPU_SECONDS = 60.0, 20
MEMORY = 1 << 30  # of addresses; a file of 5 MB takes a fifth
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONTZPATH", "LD_LIBRARY_PATH", "LANG")


class Unreadable(Exception):
    """A file that is no whole calendar; `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def read(raw: bytes, now: datetime, zone: str, email: str) -> list[Range]:
    """Return the times that a calendar takes from now on; what `email` has declined is free. Raises Unreadable."""
    head = {"now": now.isoformat(), "zone": zone, "email": email}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )
    try:
        async with asyncio.timeout(SECONDS):
            written, _ = await process.communicate(orjson.dumps(head) + b"\n" + raw)
    except TimeoutError:
        raise Unreadable("too_much") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise Unreadable("too_much")
    found = orjson.loads(written)
    if "error" in found:
        raise Unreadable(found["error"])
    return [_range(*one) for one in found["ranges"]]


def _range(uid: str, start: str, end: str) -> Range:
    return Range(uid, datetime.fromisoformat(start), datetime.fromisoformat(end))


def result_of(raw: bytes, now: datetime, zone: str, email: str) -> dict[str, Any]:
    """Return `ranges`, or the code of an `error`: a file that breaks off is one, for its missing events are not gone."""
    try:
        busy = reading.busy(
            raw, first=now, last=now + AHEAD, zone=zone, at_most=RANGES_MAX, reader=(email,) if email else ()
        )
    except reading.Unreadable as error:
        return {"error": error.code}
    if not busy.complete:
        return {"error": "cut_off"}
    return {"ranges": [[uid, start.isoformat(), end.isoformat()] for uid, start, end in busy.ranges]}


def main(arguments: Sequence[bytes]) -> None:
    """Read one file within the limits of this process."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    head, raw = arguments
    given = orjson.loads(head)
    found = result_of(raw, datetime.fromisoformat(given["now"]), given["zone"], given["email"])
    sys.stdout.buffer.write(orjson.dumps(found))


if __name__ == "__main__":
    main(sys.stdin.buffer.read().split(b"\n", 1))
