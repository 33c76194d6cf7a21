"""Wiring of the sandbox Communication Service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from deploy.local.communication.api import api_calls
from deploy.local.communication.page import page_calls
from deploy.local.communication.reports import Reporter, Way
from deploy.local.communication.sandbox_api import sandbox_calls
from deploy.local.communication.service import Service
from deploy.local.communication.store import Store
from deploy.local.sandbox.faults import FaultLayer, FaultSwitch, fault_calls
from deploy.local.sandbox.problems import answer_problems, json_response

REMIND_SECONDS = 0.1
BODY_BYTES_MAX = 2 * 1024 * 1024


def create_app(home: Path, way: Way | None) -> ASGIApp:
    """Return the service with its data below `home`; without a way for reports it sends none."""
    store, switch = Store(home), FaultSwitch()
    service, reporter = Service(store), Reporter(store, way)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(reporter.run()), asyncio.create_task(_remind(service))]
        yield
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        store.close()

    app = FastAPI(
        title="Sandbox Communication Service",
        version="1.0",
        lifespan=lifespan,
        max_body_size=BODY_BYTES_MAX,
    )
    answer_problems(app)

    @app.get("/health")
    async def health() -> Response:
        return json_response({"status": "ok", "kafka": reporter.kafka})

    app.include_router(api_calls(service))
    app.include_router(fault_calls(switch))
    app.include_router(sandbox_calls(store))
    app.include_router(page_calls(store, switch, reporter))
    return FaultLayer(app, switch)


async def _remind(service: Service) -> None:
    """Send scheduled reminders at their time, until cancelled."""
    while True:
        service.remind(datetime.now(UTC))
        await asyncio.sleep(REMIND_SECONDS)
