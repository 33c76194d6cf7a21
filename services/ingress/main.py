"""The HTTP edge: wiring only."""

import os
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from socket import socket
from typing import Any

import orjson
import uvicorn
from opentelemetry.trace import TracerProvider
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from chassis import clock, telemetry
from chassis.gc_tuning import collect_seldom
from services.ingress.api.openapi import document
from services.ingress.api.serving import resources
from services.ingress.commands.writer import Pending
from services.ingress.domain.paths import command_path
from services.ingress.domain.problems import Problem, from_status
from services.ingress.http.connections import Bounds, bounded_by
from services.ingress.http.middleware import Correlated, Measured, WithoutTrailingSlash, untraced
from services.ingress.http.responses import as_json, problem_response
from services.ingress.http.tracing import Traced
from services.ingress.routes import OPERATIONS, TAGS
from services.ingress.routes.web import pages
from services.ingress.runtime import Runtime
from services.ingress.settings import IngressSettings

COMPRESSED_FROM = 1_024  # bytes; never a stream of events
COMPRESSION_LEVEL = 4  # half the time of the default, and JSON becomes hardly longer
STOP_WITHIN = 5  # seconds for requests in flight at SIGTERM
OTHER_FILES = 256  # connections to Kafka, PostgreSQL and Identity, and files
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
_READ_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "X-Correlation-ID",
    "traceparent",
]
_SENT_HEADERS = ["ETag", "Location", "Retry-After", "X-Correlation-ID"]


def create_app(
    settings: IngressSettings | None = None, tracer_provider: TracerProvider | None = None
) -> Starlette:
    """Return the application; it connects when it is started. Spans go to `tracer_provider`, else to the
    process's.
    """
    settings = settings or IngressSettings()
    runtime = Runtime(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await runtime.start()
        yield
        await runtime.stop()

    app = Starlette(
        routes=[*resources(OPERATIONS, runtime), *pages(settings)],
        middleware=_middleware(settings, tracer_provider),
        exception_handlers=_ANSWERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.runtime = runtime
    app.state.openapi = cache(lambda: orjson.dumps(document(OPERATIONS, TAGS)))
    return app


def _middleware(settings: IngressSettings, tracer_provider: TracerProvider | None) -> list[Middleware]:
    """Return what happens around every request, the outermost first; no spans without tracing."""
    tracing = tracer_provider or settings.otel_exporter_otlp_endpoint
    return [
        Middleware(WithoutTrailingSlash),
        *([Middleware(Traced, untraced=untraced, provider=tracer_provider)] if tracing else []),
        Middleware(Correlated),
        Middleware(Measured),
        Middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=_METHODS,
            allow_headers=_READ_HEADERS,
            expose_headers=_SENT_HEADERS,
        ),
        Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=COMPRESSION_LEVEL),
    ]


async def _refuse(_: Request, problem: Problem) -> Response:
    return problem_response(problem)


async def _point_to_outcome(_: Request, pending: Pending) -> Response:
    """Return 202 with the path at which the outcome can be read."""
    return as_json(
        {"command_id": str(pending.command_id), "status": "pending"},
        202,
        {"Location": command_path(pending.command_id, clock.now()), "Retry-After": "1"},
    )


async def _refuse_unrouted(_: Request, error: HTTPException) -> Response:
    response = problem_response(from_status(error.status_code, str(error.detail)))
    for name, value in (error.headers or {}).items():
        response.headers.setdefault(name, value)
    return response


async def _fail(_: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer, and uvicorn logs it with its traceback.
    return problem_response(Problem("internal", type(error).__name__))


_ANSWERS: dict[Any, Any] = {
    Problem: _refuse,
    Pending: _point_to_outcome,
    HTTPException: _refuse_unrouted,
    Exception: _fail,
}


class Server(uvicorn.Server):
    """uvicorn that ends the live streams at the signal: they would otherwise last until the grace is over.

    sse-starlette watches for the signal too, but it cancels: the first of both decided whether a body had
    its end. So its watch is switched off.
    """

    def __init__(self, config: uvicorn.Config, runtime: Runtime) -> None:
        super().__init__(config)
        self._runtime = runtime
        AppStatus.enable_automatic_graceful_drain = False

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End the streams, answer requests in flight, take no new ones; at SIGTERM or SIGINT."""
        self._runtime.close_streams()
        await super().shutdown(sockets)


def server_config(app: Starlette, settings: IngressSettings) -> uvicorn.Config:
    """Return the server of an application. It writes no access log: an address can hold a secret."""
    bounds = Bounds(settings.head_within, settings.taken_within, _connections_max(settings))
    return uvicorn.Config(
        app,
        host=settings.ingress_host,
        port=settings.port,
        loop="uvloop",
        http=bounded_by(bounds),
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=STOP_WITHIN,
    )


def _connections_max(settings: IngressSettings) -> int:
    """Return the connections that the files of this process allow, as far as the system lets it have them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.connections_max + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return settings.connections_max if soft == resource.RLIM_INFINITY else min(wanted, soft) - OTHER_FILES


def _leave(*_: object) -> None:
    telemetry.flush()
    os._exit(0)


def main() -> None:
    """Run the process until SIGTERM or SIGINT."""
    settings = IngressSettings()
    telemetry.configure_logging("ingress", settings.log_level)
    telemetry.configure_tracing("ingress", settings.otel_exporter_otlp_endpoint)
    app = create_app(settings)
    collect_seldom()
    # uvicorn repeats the signal when it is done: a requested stop is no failure. Not sys.exit: taking an
    # interpreter apart lasts a second, on a busy machine ten, and a library's thread that hangs could keep
    # it alive.
    signal.signal(signal.SIGTERM, _leave)
    Server(server_config(app, settings), app.state.runtime).run()
