"""The process itself: its entry, and its end."""

import asyncio
import contextlib
import os
import sys

import httpx

from deploy.local.ports import free_port
from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress, is_ready
from tests.support import eventually


async def test_a_stop_ends_streams_and_requests_at_once_and_is_no_failure(ingress: Ingress) -> None:
    port = free_port()
    settings = ingress.settings
    environment = {
        "PORT": str(port),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "DATABASE_URL": settings.database_url,
        "TOPIC_PREFIX": settings.topic_prefix,
        "IDENTITY_URL": settings.identity_url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.ingress",
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            await eventually(lambda: _ready(process, client), 60, 0.1)
            headers = ingress.authorization(ANNA)
            async with client.stream("GET", "/api/appointments/stream", headers=headers) as stream:
                lines = stream.aiter_lines()
                assert await anext(lines) == ": connected"
                process.terminate()
                async with asyncio.timeout(3):
                    async for _ in lines:
                        pass
                    assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ready(process: asyncio.subprocess.Process, client: httpx.AsyncClient) -> bool:
    if process.returncode is not None:
        raise ChildProcessError(f"it ended with {process.returncode} before it was ready")
    try:
        return await is_ready(client)
    except httpx.TransportError:
        return False
