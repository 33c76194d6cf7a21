"""A sandbox service as a process of its own, and a client for it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from deploy.local.ports import free_port
from tests.support import eventually

Running = tuple[httpx.AsyncClient, "subprocess.Popen[bytes]"]


@contextlib.asynccontextmanager
async def sandbox(name: str, home: Path, **environment: str) -> AsyncIterator[Running]:
    """`deploy.local.NAME` with its data in `home`, ready; killed at the end."""
    port = free_port()
    process = _start(name, {"PORT": str(port), f"{name.upper()}_HOME": str(home)} | environment)
    json = {"Content-Type": "application/json"}
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, timeout=10, headers=json) as client:
        try:
            await eventually(lambda: answers(client), 60)
            yield client, process
        finally:
            process.kill()
            process.wait()


def _start(name: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", f"deploy.local.{name}"], env=os.environ | environment)


async def answers(client: httpx.AsyncClient) -> bool:
    """Whether the service answers its health call."""
    with contextlib.suppress(httpx.TransportError):
        return (await client.get("/health")).status_code == 200
    return False
