"""The HTTP edge with the whole fleet running: latency at a fixed rate, and throughput when saturated.

The schedule is open: requests go out at fixed times, whether or not earlier ones are answered, and a latency
counts from the planned time, so that a stall is not hidden by the requests that it kept back. Client,
services, Kafka and PostgreSQL share the machine. Every request is of another person; every booking takes a
slot of its own. Each person books once before, so that booking has their Identity data cached; then, and
between the runs, the fleet is left alone until it is idle. The time until then is reported.
"""

import asyncio
import itertools
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import orjson

from benchmarks.round_trip import round_trip
from benchmarks.world import World
from deploy.local.ports import HOST, Ports, is_free

SECONDS, QUICK_SECONDS = 30.0, 4.0
SATURATED_SECONDS, QUICK_SATURATED_SECONDS = 20.0, 4.0
CONNECTIONS = 64
PEOPLE = 1_000
FIRST_SLOT = datetime(2027, 6, 1, tzinfo=UTC)
SLOT = timedelta(minutes=15)
STILL_FOR, SETTLE_WITHIN = 2.0, 120.0
PATH = "/api/appointments"


class Stack(Protocol):
    """A running fleet."""

    async def settle(self) -> float:
        """Wait until the fleet is idle; return the seconds that took."""

    @property
    def ingress_url(self) -> str:
        """The address of the ingress."""

    @property
    def identity_url(self) -> str:
        """The address of the sandbox Identity Service."""


@dataclass
class Tally:
    """Results of the requests of one run. Times are milliseconds; `answers` counts by answer."""

    milliseconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    late_starts: int = 0

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the requests did not exceed."""
        ordered = sorted(self.milliseconds)
        return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 2) if ordered else math.nan

    def figures(self) -> dict[str, Any]:
        """Return the figures of the report."""
        return {
            "p50_ms": self.percentile(0.5),
            "p95_ms": self.percentile(0.95),
            "p99_ms": self.percentile(0.99),
            "requests": len(self.milliseconds),
            "answers": dict(self.answers),
            "late_starts": self.late_starts,
        }


class Client:
    """The client: one aiohttp session, tokens made before, bodies made just in time."""

    def __init__(self, url: str, session: aiohttp.ClientSession, tokens: Sequence[str]) -> None:
        self._url = url + PATH
        self._session = session
        self._headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
        self._slots = self._every_slot()

    def _every_slot(self) -> Iterator[tuple[dict[str, str], bytes]]:
        """Return a person and an unused slot: each person's first, then each person's second."""
        for number in itertools.count():
            start = FIRST_SLOT + number * SLOT
            for headers in self._headers:
                body = {
                    "start_time": start.isoformat(),
                    "end_time": (start + SLOT).isoformat(),
                    "title": "Review",
                }
                yield headers, orjson.dumps(body)

    async def book(self) -> str:
        """Book; then read the appointment once: it must be visible."""
        headers, body = next(self._slots)
        async with self._session.post(self._url, data=body, headers=headers) as response:
            await response.read()
            if response.status != 201:
                return str(response.status)
            location = response.headers["Location"].removeprefix(PATH)
        async with self._session.get(self._url + location, headers=headers) as response:
            await response.read()
            return "visible" if response.status == 200 else f"not visible: {response.status}"

    async def book_only(self) -> str:
        """Book; the answer waits until it is visible."""
        headers, body = next(self._slots)
        async with self._session.post(self._url, data=body, headers=headers) as response:
            await response.read()
            return str(response.status)

    async def calendar(self) -> str:
        """Read the next month of a person."""
        headers = random.choice(self._headers)
        url = f"{self._url}/calendar?from=2027-06-01T00:00:00Z&to=2027-07-01T00:00:00Z"
        async with self._session.get(url, headers=headers) as response:
            await response.read()
            return str(response.status)


Request = Callable[[], Awaitable[str]]


async def at_rate(request: Request, rate: float, seconds: float) -> dict[str, Any]:
    """Send at fixed times; latency counts from the planned time."""
    tally, loop = Tally(), asyncio.get_running_loop()
    begin = loop.time() + 0.1

    async def one(planned: float) -> None:
        answer = await request()
        tally.milliseconds.append((loop.time() - planned) * 1000)
        tally.answers[answer] += 1

    running: set[asyncio.Task[None]] = set()
    for number in range(int(rate * seconds)):
        planned = begin + number / rate
        pause = planned - loop.time()
        if pause > 0:
            await asyncio.sleep(pause)
        elif pause < -0.005:
            tally.late_starts += 1
        task = asyncio.create_task(one(planned))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    return tally.figures()


async def saturated(request: Request, seconds: float) -> dict[str, Any]:
    """Send as fast as 64 connections go, each waiting for its answer."""
    tally, began = Tally(), time.monotonic()

    async def again() -> None:
        while time.monotonic() - began < seconds:
            sent = time.monotonic()
            tally.answers[await request()] += 1
            tally.milliseconds.append((time.monotonic() - sent) * 1000)

    await asyncio.gather(*(again() for _ in range(CONNECTIONS)))
    good = sum(count for answer, count in tally.answers.items() if answer in ("200", "201"))
    return {"per_second": round(good / (time.monotonic() - began), 1), **tally.figures()}


async def run(world: World) -> dict[str, Any]:
    """Start the whole fleet on this world's servers, as `appointments up` does, and measure it."""
    async with running_fleet(world) as stack:
        return {"kafka": await round_trip(world), **await measure(stack, quick=world.quick)}


async def book_each(client: Client, count: int) -> None:
    """Send `count` bookings, one after the other."""
    for _ in range(count):
        await client.book_only()


@dataclass(frozen=True, slots=True)
class Fleet:
    """Addresses of a fleet. The projector applies the last event of any chain, so an idle one means an idle
    fleet.
    """

    ingress_url: str
    identity_url: str
    communication_url: str
    projector_url: str

    async def settle(self) -> float:
        """Wait until the projector was idle for 2 s, at most 2 minutes; return the seconds until its last
        record.
        """
        began = moved = time.monotonic()
        before = ""
        async with aiohttp.ClientSession() as session:
            while time.monotonic() - moved < STILL_FOR and time.monotonic() - began < SETTLE_WITHIN:
                await asyncio.sleep(0.25)
                async with session.get(f"{self.projector_url}/metrics") as response:
                    lines = (await response.text()).splitlines()
                applied = "".join(
                    line for line in lines if line.startswith("appointments_consumer_records_total")
                )
                if applied != before:
                    before, moved = applied, time.monotonic()
        return round(moved - began, 1)


@asynccontextmanager
async def running_fleet(world: World) -> AsyncIterator[Fleet]:
    """Run the whole fleet on this world's servers, as `appointments up` starts it."""
    offset = next(
        n for n in range(1_000, 20_000, 100) if all(map(is_free, asdict(Ports.with_offset(n)).values()))
    )
    home = str(world.home / "fleet")
    environment = {name: value for name, value in world.environment().items() if name != "IDENTITY_URL"}
    environment["DIGEST_THRESHOLD"] = "0"  # each notification is sent by itself
    try:
        await _appointments(
            "up", "--detach", "--home", home, "--port-offset", str(offset), environment=environment
        )
        lines = await _appointments("env", "--home", home)
        urls = dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)
        projector = f"http://{HOST}:{Ports.with_offset(offset).projector}"
        yield Fleet(urls["INGRESS_URL"], urls["IDENTITY_URL"], urls["COMMUNICATION_URL"], projector)
    finally:
        await _appointments("down", "--home", home)


async def _appointments(*words: str, environment: Mapping[str, str] | None = None) -> str:
    """Return the output of the command line. Raises RuntimeError with its error."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("appointments")),
        *words,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaint = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"appointments {words[0]}: {complaint.decode()[-500:]}")
    return out.decode()


async def measure(stack: Stack, *, quick: bool = False) -> dict[str, Any]:
    """Measure bookings at 20/s and 50/s and saturated; calendars at 50/s and saturated."""
    seconds = QUICK_SECONDS if quick else SECONDS
    hard = QUICK_SATURATED_SECONDS if quick else SATURATED_SECONDS
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        people = await tokens(session, stack.identity_url)
        client = Client(stack.ingress_url, session, people)
        await asyncio.gather(*(book_each(client, len(people) // 16) for _ in range(16)))
        runs: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {
            "book_20": lambda: at_rate(client.book_only, 20, seconds),
            "book_50": lambda: at_rate(client.book_only, 50, seconds),
            "book_and_read_20": lambda: at_rate(client.book, 20, seconds / 3),
            "calendar_50": lambda: at_rate(client.calendar, 50, seconds),
            "calendar_saturated": lambda: saturated(client.calendar, hard),
            "book_saturated": lambda: saturated(client.book_only, hard),
        }
        await stack.settle()
        return {
            name: {**await measured(), "settled_s": await stack.settle()} for name, measured in runs.items()
        }


async def tokens(session: aiohttp.ClientSession, identity_url: str) -> list[str]:
    """Return tokens of the load people, of both organizations in turn."""
    async with session.get(f"{identity_url}/sandbox/people") as response:
        people = orjson.loads(await response.read())
    people = people if isinstance(people, list) else people["people"]
    load = [person["email"] for person in people if person["email"].startswith("load")][:PEOPLE]
    load = [
        email for pair in zip(load[: len(load) // 2], load[len(load) // 2 :], strict=False) for email in pair
    ]
    return [await _token(session, identity_url, email) for email in load]


async def _token(session: aiohttp.ClientSession, identity_url: str, email: str) -> str:
    async with session.post(f"{identity_url}/sandbox/tokens", json={"email": email}) as response:
        token: str = orjson.loads(await response.read())["token"]
        return token
