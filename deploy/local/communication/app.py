"""Wiring of the sandbox Communication Service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
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

BODY_BYTES_MAX = 2 * 1024 * 1024


def create_app(home: Path, way: Way | None) -> ASGIApp:
    """The service with its data below `home`; without a way for its reports it makes none."""
    store, switch = Store(home), FaultSwitch()
    service, reporter = Service(store), Reporter(store, way)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        reporting = asyncio.create_task(reporter.run())
        yield
        reporting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reporting
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
