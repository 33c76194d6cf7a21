"""Layers around every request, as plain ASGI, each named by its effect."""

import time
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ingress import metrics
from services.ingress.domain.paths import PREFIX

CORRELATION_MAX = 128
_UNMEASURED = frozenset({"/metrics", "/health/live", "/health/appointments"})
STREAM_PATH = f"{PREFIX}/stream"
FEED_PATH = f"{PREFIX}/calendar.ics"
_UNTRACED = _UNMEASURED | {STREAM_PATH, FEED_PATH}


def untraced(scope: Scope) -> bool:
    """Return whether a request gets no span: probes are many, a stream lasts for hours, a feed's query is a
    secret.
    """
    return scope["type"] != "http" or scope["path"].rstrip("/") in _UNTRACED


class WithoutTrailingSlash:
    """Serves `/api/appointments/` as `/api/appointments`, without a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on without slashes at the end of its path."""
        if scope["type"] == "http" and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        await self.app(scope, receive, send)


class Correlated:
    """Gives every request a correlation id: its own X-Correlation-ID or a new one; the answer echoes it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the id into the request's state and the answer's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        correlation_id = _given_id(scope) or str(uuid4())
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)

        async def echo(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Correlation-ID"] = correlation_id
            await send(message)

        await self.app(scope, receive, echo)


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-correlation-id":
            text = str(value, "latin-1").strip()
            usable = 0 < len(text) <= CORRELATION_MAX and text.isascii() and text.isprintable()
            return text if usable else None
    return None


class Measured:
    """Counts and times requests by route; a live stream is not timed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and measure it."""
        if scope["type"] != "http" or scope["path"] in _UNMEASURED or scope["path"] == STREAM_PATH:
            await self.app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, note)
        finally:
            # A path without a route is text of a stranger: it must not become a label.
            route = getattr(scope.get("route"), "path", "unknown")
            seconds = time.perf_counter() - began
            metrics.REQUEST_SECONDS.labels(_method(scope), route, str(status)).observe(seconds)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD") else "other"
