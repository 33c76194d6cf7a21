"""The ingress as a process of its own, and strangers who attack its port."""

import asyncio
import contextlib
import os
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local.ports import free_port
from tests.component.ingress.running import SECRET, Ingress, is_ready
from tests.support import eventually


@dataclass
class Door:
    """A process of the ingress, with a client of somebody else."""

    port: int
    process: asyncio.subprocess.Process
    client: httpx.AsyncClient

    @property
    def memory(self) -> int:
        """Its resident size in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @property
    def connections(self) -> int:
        """How many sockets it has open."""
        files = Path(f"/proc/{self.process.pid}/fd").iterdir()
        return sum(_is_socket(file) for file in files)

    async def milliseconds(self, path: str, headers: dict[str, str], probes: int = 15) -> float:
        """The median time of a call that is answered with 200."""
        taken = []
        for _ in range(probes):
            began = time.perf_counter()
            response = await self.client.get(path, headers=headers)
            taken.append(1000 * (time.perf_counter() - began))
            assert response.status_code == 200, response.text
        return statistics.median(taken)


def _is_socket(file: Path) -> bool:
    try:
        return str(file.readlink()).startswith("socket:")
    except OSError:
        return False


@contextlib.asynccontextmanager
async def run_outside(ingress: Ingress, **variables: str) -> AsyncIterator[Door]:
    """A process beside the shared ingress, with the same servers."""
    port, settings = free_port(), ingress.settings
    environment = {
        "PORT": str(port),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "DATABASE_URL": settings.database_url,
        "TOPIC_PREFIX": settings.topic_prefix,
        "IDENTITY_URL": settings.identity_url,
        "COMMUNICATION_WEBHOOK_SECRET": SECRET,
        **variables,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.ingress",
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            await eventually(lambda: _ready(process, client), 60, 0.1)
            yield Door(port, process, client)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ready(process: asyncio.subprocess.Process, client: httpx.AsyncClient) -> bool:
    if process.returncode is not None:
        raise ChildProcessError(f"it ended with {process.returncode} before it was ready")
    with contextlib.suppress(httpx.TransportError):
        return await is_ready(client)
    return False


@contextlib.contextmanager
def sockets(door: Door, number: int, head: bytes) -> Iterator[list[socket.socket]]:
    """So many connections that have each sent this."""
    made: list[socket.socket] = []
    try:
        for _ in range(number):
            made.append(socket.create_connection(("127.0.0.1", door.port), timeout=10))
            made[-1].sendall(head)
        yield made
    finally:
        for each in made:
            each.close()


def answer(connection: socket.socket, seconds: float = 20.0) -> bytes:
    """All that comes until the server closes; the server has so many seconds for each part."""
    connection.settimeout(seconds)
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            found += part
    return found


def status(connection: socket.socket) -> int:
    """The status of an answer after which the server closes."""
    found = answer(connection)
    return int(found.split()[1]) if found else 0
