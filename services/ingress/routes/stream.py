"""The live stream of the caller's calendar, as server-sent events."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.ingress import metrics
from services.ingress.api.openapi import described
from services.ingress.domain.caller import LEEWAY_SECONDS
from services.ingress.domain.memory import Change
from services.ingress.domain.problems import Problem
from services.ingress.http.routing import PlainRoute
from services.ingress.live.streams import Live, Subscription
from services.ingress.runtime import Runtime

RETRY_MS = 1_000
LONGEST_SECONDS = 86_400.0
SEND_WITHIN = 30.0  # a reader that takes nothing for so long is gone, though its connection stands


def stream_routes(runtime: Runtime) -> APIRouter:
    """GET of the stream."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["live"])

    @router.get("/stream", **described("stream"))
    async def stream(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        live = runtime.streams()
        if live.count >= runtime.settings.streams_max:
            metrics.LIMITED.labels("streams").inc()
            raise Problem("overloaded", "Too many live streams are open.")
        feed = Feed(live, live.subscribe(caller, request.headers.get("last-event-id")), caller.expires_at)
        return EventSourceResponse(
            feed.events(),
            ping=runtime.settings.heartbeat_seconds,
            ping_message_factory=feed.heartbeat,
            send_timeout=SEND_WITHIN,
            sep="\n",
        )

    return router


class Feed:
    """One stream's events. What was sent last is its id, so that a reader who comes back misses nothing.

    It ends when the reader's token does (`expires_at`, seconds since 1970): they come back with a new one.
    """

    def __init__(self, live: Live, subscription: Subscription, expires_at: float) -> None:
        self._expires_at = expires_at
        self._live = live
        self._subscription = subscription
        self._sent: str | None = None
        self._idle = False

    async def events(self) -> AsyncGenerator[ServerSentEvent]:
        """First a comment with an id, or `reset` if what was missed cannot be told; then every change."""
        left = min(max(0.0, self._expires_at + LEEWAY_SECONDS - time.time()), LONGEST_SECONDS)
        end = asyncio.get_running_loop().call_later(left, self._subscription.close)
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    yield event
        finally:
            end.cancel()
            self._live.unsubscribe(self._subscription)

    async def _events(self) -> AsyncGenerator[ServerSentEvent]:
        mine = self._subscription
        if mine.backlog is None:
            yield ServerSentEvent("{}", event="reset", id=mine.vector, retry=RETRY_MS)
        for change in mine.backlog or ():
            yield self._event(change)
        if mine.backlog is not None:
            yield ServerSentEvent(comment="connected", id=mine.vector, retry=RETRY_MS)
        while not mine.closed:
            self._idle = mine.queue.empty()
            queued = await mine.queue.get()
            self._idle = False
            if queued is None:
                return
            yield self._event(queued)

    def _event(self, change: Change) -> ServerSentEvent:
        self._sent = change.vector
        data = change.data_for(self._subscription.viewer)
        return ServerSentEvent(data, event=change.event, id=change.vector)

    def heartbeat(self) -> ServerSentEvent:
        """A comment; with the id of now when nothing waits to be sent, so that a quiet reader's id stays young."""
        quiet = self._idle and self._subscription.queue.empty()
        return ServerSentEvent(comment="still here", id=self._live.vector if quiet else self._sent)
