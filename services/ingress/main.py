"""The HTTP door: wiring only."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import socket

import uvicorn
from fastapi import FastAPI, Request, Response
from opentelemetry.trace import TracerProvider
from sse_starlette.sse import AppStatus
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from chassis import telemetry
from chassis.gc_tuning import collect_seldom
from chassis.health import VERSION
from services.ingress.api.openapi import openapi
from services.ingress.domain.problems import Problem, from_status
from services.ingress.domain.queries import InvalidQuery
from services.ingress.http.middleware import Correlated, Measured, WithoutTrailingSlash, untraced
from services.ingress.http.responses import problem_response
from services.ingress.routes.analytics import analytics_routes
from services.ingress.routes.availability import availability_routes
from services.ingress.routes.feeds import feed_routes
from services.ingress.routes.imports import import_routes
from services.ingress.routes.operations import operation_routes
from services.ingress.routes.preferences import preference_routes
from services.ingress.routes.reads import invalid_query, overview_routes, read_routes
from services.ingress.routes.scheduling import scheduling_routes
from services.ingress.routes.stream import stream_routes
from services.ingress.routes.templates import template_routes
from services.ingress.routes.webhooks import webhook_routes
from services.ingress.routes.writes import write_routes
from services.ingress.runtime import Runtime
from services.ingress.settings import IngressSettings

STOP_WITHIN = 5  # seconds for requests in flight at SIGTERM


def create_app(
    settings: IngressSettings | None = None, tracer_provider: TracerProvider | None = None
) -> FastAPI:
    """The application; it connects when it is started. Its spans go to the process's tracing unless told otherwise."""
    settings = settings or IngressSettings()
    runtime = Runtime(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await runtime.start()
        yield
        await runtime.stop()

    app = FastAPI(
        title="Appointments",
        version=VERSION,
        description="Book, move, confirm and cancel appointments; read calendars; follow them live.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own span for each request: nobody else makes one, and without tracing there is none. What lies
        # within is a few steps of our own, and metrics are Prometheus'.
        telemetry={
            "tracing": bool(tracer_provider or settings.otel_exporter_otlp_endpoint),
            "tracer_provider": tracer_provider,
            "operation_spans": False,
            "metrics": False,
            "logs": False,
            "exclude": untraced,
        },
        middleware=[
            Middleware(WithoutTrailingSlash),
            Middleware(Correlated),
            Middleware(Measured, in_flight_max=settings.in_flight_max),
            Middleware(
                CORSMiddleware,
                allow_origins=[settings.frontend_url],
                allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
                allow_headers=[
                    "Authorization",
                    "Content-Type",
                    "Idempotency-Key",
                    "If-Match",
                    "If-None-Match",
                    "If-None-Match",
                    "Last-Event-ID",
                    "X-Correlation-ID",
                    "traceparent",
                ],
                expose_headers=["ETag", "Location", "Retry-After", "X-Correlation-ID"],
            ),
        ],
    )
    app.state.runtime = runtime
    # The order matters: a word such as `calendar` must be tried before an id.
    for router in (
        analytics_routes(runtime),
        overview_routes(runtime),
        availability_routes(runtime),
        stream_routes(runtime),
        preference_routes(runtime),
        template_routes(runtime),
        webhook_routes(runtime),
        scheduling_routes(runtime),
        feed_routes(runtime),
        import_routes(runtime),
        write_routes(runtime),
        read_routes(runtime),
        operation_routes(runtime),
    ):
        # Not include_router: that looks for the route twice for each request.
        app.router.routes.extend(router.routes)
    _answer_problems(app)
    _document(app)
    return app


def _answer_problems(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def refused(_: Request, problem: Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(InvalidQuery)
    async def unreadable(_: Request, error: InvalidQuery) -> Response:
        return problem_response(invalid_query(error))

    @app.exception_handler(HTTPException)
    async def not_routed(_: Request, error: HTTPException) -> Response:
        response = problem_response(from_status(error.status_code, str(error.detail)))
        for name, value in (error.headers or {}).items():
            response.headers.setdefault(name, value)
        return response

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> Response:
        # Starlette raises it again after this answer, and uvicorn logs it with its traceback.
        return problem_response(Problem("internal", type(error).__name__))


def _document(app: FastAPI) -> None:
    def cached() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi(app)
        return app.openapi_schema

    app.openapi = cached  # type: ignore[method-assign]


class Server(uvicorn.Server):
    """uvicorn, told to end the live streams at the signal: they would otherwise last until the grace is over.

    sse-starlette watches for the signal too, but it cancels: whichever of us looked first decided whether a body had
    its end. So it is told to leave that to us.
    """

    def __init__(self, config: uvicorn.Config, runtime: Runtime) -> None:
        super().__init__(config)
        self._runtime = runtime
        AppStatus.enable_automatic_graceful_drain = False

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """At SIGTERM or SIGINT: streams end, requests in flight are answered, no new ones come in."""
        self._runtime.close_streams()
        await super().shutdown(sockets)


def _leave(*_: object) -> None:
    telemetry.flush()
    os._exit(0)


def main() -> None:
    """The process's entry: until SIGTERM or SIGINT."""
    settings = IngressSettings()
    telemetry.configure_logging("ingress", settings.log_level)
    telemetry.configure_tracing("ingress", settings.otel_exporter_otlp_endpoint)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.ingress_host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=STOP_WITHIN,
    )
    collect_seldom()
    # uvicorn repeats the signal when it is done: a stop that was asked for is no failure. Not sys.exit: to take an
    # interpreter apart lasts a second, on a busy machine ten, and a library's thread that hangs could keep it alive.
    signal.signal(signal.SIGTERM, _leave)
    Server(config, app.state.runtime).run()
