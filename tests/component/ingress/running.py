"""An ingress in a world of its own, with stand-ins for everything around it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import uvicorn
from opentelemetry.trace import TracerProvider

from chassis.database.migrations import migrate
from chassis.kafka.publisher import Publisher
from chassis.topics.creation import ensure_topics
from deploy.local.ports import free_port
from services.ingress.main import create_app, server_config
from services.ingress.runtime import Runtime
from services.ingress.settings import IngressSettings
from tests.component.ingress.fleet import Fleet
from tests.component.ingress.identity import Identity
from tests.component.ingress.people import Someone
from tests.support import World, eventually
from tests.support.described import undescribed

SECRET = "what the Communication Service signs with"
CALENDAR_SECRET = "with which addresses of calendars are sealed"


@dataclass
class Ingress:
    """A running ingress and what surrounds it."""

    settings: IngressSettings
    runtime: Runtime
    fleet: Fleet
    identity: Identity
    client: httpx.AsyncClient
    _tokens: dict[Someone, str] = field(default_factory=dict)

    def authorization(self, person: Someone) -> dict[str, str]:
        """The header of a good token."""
        if person not in self._tokens:
            self._tokens[person] = self.identity.token(person)
        return {"Authorization": f"Bearer {self._tokens[person]}"}

    async def call(self, person: Someone, method: str, path: str, **more: Any) -> httpx.Response:
        """A call as that person; `path` is what follows /api/appointments."""
        headers = self.authorization(person) | more.pop("headers", {})
        return await self.client.request(method, f"/api/appointments{path}", headers=headers, **more)

    async def json(self, person: Someone, path: str, **more: Any) -> Any:
        """Return the JSON of a GET, which must be 200."""
        response = await self.call(person, "GET", path, **more)
        assert response.status_code == 200, response.text
        return response.json()


@contextlib.asynccontextmanager
async def serve(
    settings: IngressSettings, tracer_provider: TracerProvider | None = None
) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    """An ingress on a real socket; stopped gracefully at the end."""
    port = free_port()
    app = create_app(settings, tracer_provider)
    config = server_config(app, settings.model_copy(update={"port": port}))
    config.timeout_graceful_shutdown = 2
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # pytest's are its own
    running = asyncio.create_task(server.serve())
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=15, event_hooks={"response": [check_described]}
        ) as client:
            await eventually(lambda: server.started)
            yield app.state.runtime, client
    finally:
        app.state.runtime.close_streams()
        server.should_exit = True
        await running


@contextlib.asynccontextmanager
async def run_ingress(world: World, **changes: Any) -> AsyncIterator[Ingress]:
    """An ingress that is ready, in this world; `changes` are settings."""
    identity = Identity()
    await identity.start()
    settings = IngressSettings(
        kafka_bootstrap_servers=world.bootstrap,
        database_url=world.database_url,
        topic_prefix=world.topic_prefix,
        topic_partitions=2,
        identity_url=identity.url,
        **changes,
    )
    await asyncio.gather(ensure_topics(settings), migrate("projector", settings))
    publisher = Publisher(settings, "test")
    await publisher.start()
    database = await asyncpg.create_pool(f"{world.database_url}_projector", min_size=1, max_size=3)
    fleet, ready = Fleet(settings, publisher, database), asyncio.Event()
    serving = asyncio.create_task(fleet.serve(ready))
    await ready.wait()
    try:
        async with serve(settings) as (runtime, client):
            await eventually(lambda: is_ready(client), 20)
            yield Ingress(settings, runtime, fleet, identity, client)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await publisher.stop()
        await database.close()
        await identity.stop()


async def check_described(response: httpx.Response) -> None:
    """Hold every answer of every test against the OpenAPI document."""
    if "text/event-stream" not in response.headers.get("content-type", ""):
        await response.aread()
    assert undescribed(response) == [], (
        response.request.method,
        str(response.request.url),
        response.text[:300],
    )


async def is_ready(client: httpx.AsyncClient) -> bool:
    """Whether the ingress says that it does its work."""
    response = await client.get("/health/appointments")
    assert response.status_code == 200, response.text
    return True
