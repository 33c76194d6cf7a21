"""The bounds of a connection: bytes and seconds of a request's head, and the number of connections.

uvicorn's own protocol bounds none of them: a header without end is joined piece by piece on the event loop,
and its keep-alive clock starts only after an answer (ADR 31).
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from services.ingress import metrics
from services.ingress.domain.problems import Problem

HEAD_MAX = 32 * 1024  # bytes, as in nginx and Kong; a token has at most 8 KB
PIPELINED_MAX = 16  # requests that wait for the answer to an earlier one of their connection
DISCARDED_MAX = 1024 * 1024  # bytes after a refusal: many clients send all before they listen
LINGER = 1.0  # seconds in which a refused client can read the refusal


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds for a head to arrive and for an answer to be taken, and the connections of one process."""

    head_within: float = 10.0
    taken_within: float = 30.0
    connections_max: int = 10_000


class Crowd:
    """The connections that wait for a head, the longest waiting first: these make room for new ones."""

    def __init__(self) -> None:
        self._waiting: dict[Connection, None] = {}

    def wait(self, connection: "Connection") -> None:
        """Note that a connection waits from now on."""
        self._waiting[connection] = None

    def leave(self, connection: "Connection") -> None:
        """Note that a connection does not wait any more."""
        self._waiting.pop(connection, None)

    def longest_waiting(self) -> "Connection | None":
        """Return the connection that has waited longest, and forget it."""
        found = next(iter(self._waiting), None)
        if found is not None:
            self.leave(found)
        return found


class Connection(HttpToolsProtocol):
    """A connection whose heads, trailers and pauses are bounded; `bounded_by` makes its class.

    A head above 32 KB is answered with 431, a head that does not end in time with 408; a connection without
    a head is closed.
    """

    bounds: Bounds
    crowd: Crowd

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._in_head = False
        self._quiet = 0  # bytes since the parser last began a message, or gave a part of a body
        self._deadline: asyncio.TimerHandle | None = None
        self._problem: Problem | None = None
        self._discarded: int | None = None  # bytes since the refusal

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head; above the limit of connections the longest waiting one is closed."""
        super().connection_made(transport)
        self._await_head()
        self.crowd.wait(self)
        if len(self.connections) > self.bounds.connections_max:
            longest = self.crowd.longest_waiting()
            if longest is not None:
                metrics.LIMITED.labels("connections").inc()
                longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_came()
        self.crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse in pieces, so that no head outgrows the bound before it is noticed."""
        for start in range(0, len(data), HEAD_MAX):
            if self._discarded is not None:
                self._discard(len(data) - start)
                return
            piece = data[start : start + HEAD_MAX] if len(data) > HEAD_MAX else data
            self._quiet += len(piece)
            super().data_received(piece)
            if self.transport.is_closing():
                return
            if self._quiet > HEAD_MAX:
                self.refuse(_TOO_LARGE)
        if self._deadline is None and self._discarded is None and not self._answering:
            self._await_head()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(self.bounds.head_within, self._too_slow)

    def _head_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._answering or self.transport.is_closing():
            return
        if self._in_head:
            self.refuse(_TOO_SLOW)
        else:
            metrics.LIMITED.labels("idle").inc()
            self._close()

    def on_message_begin(self) -> None:
        """Count the bytes of a new head."""
        self._in_head, self._quiet = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request unless its head is too large, or too many requests wait on this connection."""
        # A head that began in this very piece is smaller than the bound.
        if self._quiet and _size(self.url, self.headers) > HEAD_MAX:
            self._problem = _TOO_LARGE
        elif len(self.pipeline) >= PIPELINED_MAX:
            self._problem = _PIPELINED
        if self._problem is not None:
            raise HttpParserError(self._problem.detail)  # `send_400_response` answers with the problem
        self._in_head, self._quiet = False, 0
        self._head_came()
        self.crowd.leave(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a part of a body on."""
        self._quiet = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Pass the end of a body on."""
        self._quiet = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next head, and for the answer to be taken."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self.crowd.wait(self)
        elif self.transport.get_write_buffer_size():
            self.loop.call_later(self.bounds.taken_within, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, also one whose client does not take its answer."""
        self._close()

    def _close(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be parsed."""
        self.refuse(self._problem or Problem("malformed", msg))

    def refuse(self, problem: Problem) -> None:
        """Answer with a problem, unless an answer is under way, and close; the rest that comes is ignored."""
        metrics.LIMITED.labels(problem.code).inc()
        self._head_came()
        self.crowd.leave(self)
        if self._answering or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._discarded = 0
        self.transport.write(_response(problem))
        self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.abort)

    def _discard(self, size: int) -> None:
        self._discarded = (self._discarded or 0) + size
        if self._discarded > DISCARDED_MAX:
            self.transport.abort()


def bounded_by(bounds: Bounds) -> type[Connection]:
    """Return the class of the connections of one server."""
    return type("BoundedConnection", (Connection,), {"bounds": bounds, "crowd": Crowd()})


def _size(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def _response(problem: Problem) -> bytes:
    body = orjson.dumps(problem.body())
    head = b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    return STATUS_LINE[problem.status] + head % len(body) + body


_TOO_LARGE = Problem("headers_too_large", f"Address and headers have at most {HEAD_MAX // 1024} KB.")
_TOO_SLOW = Problem("timeout", "The headers did not arrive in time.")
_PIPELINED = Problem(
    "malformed", f"At most {PIPELINED_MAX} requests wait for an answer to an earlier one of their connection."
)
