"""One more process of booking beside the fleet's, with variables of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local.ports import HOST, free_port
from deploy.local.process import Child
from deploy.local.programs import PythonProgram, probe
from tests.support import eventually

READY_WITHIN = 120  # seconds


@dataclass(frozen=True, slots=True)
class Booking:
    """One more process of booking."""

    child: Child
    health: Callable[[], Any]

    async def says(self, dependency: str, *words: str) -> str:
        """Wait until its health names the dependency in a sentence with all these words, while it lives."""

        async def sentence() -> str:
            health = await self.health()
            found = str(health.get("reasons", {}).get(dependency, ""))
            assert all(word in found for word in words), health
            assert health["live"], health
            assert not health["ready"], health
            return found

        return await eventually(sentence, 90, interval=0.2)

    async def ready(self) -> None:
        """Wait until it says that it is."""

        async def is_ready() -> bool:
            assert self.child.running, self.child.log_tail()
            health = await self.health()
            assert health["ready"], health
            return True

        await eventually(is_ready, READY_WITHIN, interval=0.2)


@asynccontextmanager
async def booking(
    place: Path, environment: dict[str, str], lives: bool = True, **changed: str
) -> AsyncIterator[Booking]:
    """The process, until the end of the block; unless `lives` is false it has to live until then."""
    port = free_port()
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        url = f"http://{HOST}:{port}/health"
        variables = environment | {"HEALTH_PORT": str(port)} | changed
        program = PythonProgram("booking", "services.booking", variables, url, client)
        child = Child(program, place / f"booking-{port}.log")
        await child.start()
        try:
            yield Booking(child, lambda: probe(client, url))
            assert child.running or not lives, child.log_tail()
        finally:
            await child.kill()
