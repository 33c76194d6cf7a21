"""One span for each request, by the semantic conventions of OpenTelemetry for HTTP servers."""

from collections.abc import Callable
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue
from starlette.datastructures import URL, Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Traced:
    """Starts a span, a child of the caller's trace context if it sent one; `untraced` requests have none."""

    def __init__(
        self, app: ASGIApp, untraced: Callable[[Scope], bool], provider: TracerProvider | None = None
    ) -> None:
        self.app = app
        self._untraced = untraced
        self._tracer = trace.get_tracer("appointments.ingress", tracer_provider=provider)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on inside the span, which gets the route and the status at the end."""
        if self._untraced(scope):
            await self.app(scope, receive, send)
            return
        status = 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "HTTP"
        with self._tracer.start_as_current_span(
            method,
            context=propagate.extract(dict(Headers(scope=scope))),
            kind=SpanKind.SERVER,
            attributes=_attributes(scope),
        ) as span:
            await self.app(scope, receive, note)
            route = scope.get("route")
            if route is not None:
                span.update_name(f"{method} {route.path}")
                span.set_attribute("http.route", route.path)
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)


def _attributes(scope: Scope) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {
        "http.request.method": scope["method"],
        "url.scheme": scope["scheme"],
        "url.path": scope["path"],
        "network.protocol.version": scope["http_version"],
    }
    if scope["query_string"]:
        found["url.query"] = scope["query_string"].decode("latin-1")
    host = urlsplit(str(URL(scope=scope)))
    if host.hostname:
        found["server.address"] = host.hostname
    return found
