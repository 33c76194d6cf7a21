"""The live stream of the caller's calendar, as server-sent events."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime

from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from services.ingress import metrics
from services.ingress.api import examples
from services.ingress.api.answer import Answer
from services.ingress.api.call import Call
from services.ingress.api.headers import LAST_EVENT_ID
from services.ingress.api.models.live import (
    AvailabilityChangedEvent,
    CalendarChangedEvent,
    NotificationChangedEvent,
    PreferencesChangedEvent,
    ResetEvent,
    SessionExpiringEvent,
)
from services.ingress.api.operation import Operations
from services.ingress.api.parameters import Parameters
from services.ingress.domain.caller import LEEWAY_SECONDS
from services.ingress.domain.memory import Change
from services.ingress.domain.problems import Problem
from services.ingress.live.streams import Live
from services.ingress.live.subscriptions import Subscription
from services.ingress.routes.availability import check_colleagues
from services.ingress.routes.free_slots import People

OPERATIONS = Operations("live", "Changes as they happen.")

RETRY_MS = 1_000
LONGEST_SECONDS = 86_400.0
WARNED_BEFORE = 60.0  # seconds before the token ends
SEND_WITHIN = 30.0  # seconds; a reader that takes nothing for so long is gone, though its connection stands
MEDIA = "text/event-stream"
EVENTS: Mapping[str, type[BaseModel]] = {
    "calendar.changed": CalendarChangedEvent,
    "notification.changed": NotificationChangedEvent,
    "preferences.changed": PreferencesChangedEvent,
    "availability.changed": AvailabilityChangedEvent,
    "session.expiring": SessionExpiringEvent,
    "reset": ResetEvent,
}


class StreamParameters(Parameters):
    """People to follow beside the caller's own calendar."""

    watch: People = Field((), description="Up to 20 colleagues whose availability is followed, too.")


@OPERATIONS.operation(
    "GET",
    "/stream",
    summary="Follow your calendar live",
    answers=[
        Answer(status=200, description="OK", example=examples.STREAM, media=MEDIA, events=EVENTS),
    ],
    headers=[LAST_EVENT_ID],
    endless=True,
    problems=["kafka_unavailable", "overloaded", "not_found"],
)
async def stream(call: Call, query: StreamParameters) -> Response:
    """Return server-sent events about the caller's appointments; an admin gets those of the whole
    organization.

    `Last-Event-ID` resumes up to ten minutes back; an older or unreadable one gets `event: reset`: read the
    calendar again. `notification.changed` has the states of an appointment's notifications: all of them for
    its organizer and admins, their own for a recipient; it may come twice. `availability.changed` comes at
    most once a second, for the people of `watch`. `session.expiring` comes a minute before the stream ends
    with the caller's token. The data of each event is described under `x-events`.
    """
    await check_colleagues(call, query.watch)
    live, settings = call.runtime.streams(), call.runtime.settings
    wait = live.make_room(call.caller)
    if wait > 0:
        metrics.LIMITED.labels("streams").inc()
        raise Problem(
            "rate_limited",
            f"Too many live streams are open: {settings.streams_person_max} for a person, {settings.streams_max // 2} "
            "for an organization. Close one, or try again later: then the oldest makes room.",
            headers={"Retry-After": str(math.ceil(wait))},
        )
    if call.request.method == "HEAD":
        return Response(media_type=MEDIA)
    events = Events(
        live, live.subscribe(call.caller, call.header("last-event-id"), query.watch), call.caller.expires_at
    )
    return EventSourceResponse(
        events.all(),
        ping=settings.heartbeat_seconds,
        ping_message_factory=events.heartbeat,
        send_timeout=SEND_WITHIN,
        sep="\n",
    )


class Events:
    """The events of one stream. Each has an id, so that a reader who comes back with the last one misses
    nothing.

    The stream ends with the reader's token (`expires_at`, seconds since 1970): they come back with a new
    one.
    """

    def __init__(self, live: Live, subscription: Subscription, expires_at: float) -> None:
        self._expires_at = expires_at
        self._live = live
        self._subscription = subscription
        self._last_id: str | None = None
        self._idle = False

    async def all(self) -> AsyncGenerator[ServerSentEvent]:
        """Yield a comment with an id, or `reset` if missed changes are not known any more; then every
        change.
        """
        left = min(max(0.0, self._expires_at + LEEWAY_SECONDS - time.time()), LONGEST_SECONDS)
        loop = asyncio.get_running_loop()
        end = loop.call_later(left, self._subscription.close)
        soon = loop.call_later(max(0.0, self._expires_at - WARNED_BEFORE - time.time()), self._warn)
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    yield event
        finally:
            end.cancel()
            soon.cancel()
            self._live.unsubscribe(self._subscription)

    def _warn(self) -> None:
        at = datetime.fromtimestamp(int(self._expires_at), UTC).isoformat().replace("+00:00", "Z")
        if not self._subscription.closed:
            self._subscription.hint("session.expiring", {"at": at}, self._live.vector)

    async def _events(self) -> AsyncGenerator[ServerSentEvent]:
        subscription = self._subscription
        if subscription.backlog is None:
            yield ServerSentEvent("{}", event="reset", id=subscription.vector, retry=RETRY_MS)
        for change in subscription.backlog or ():
            yield self._event(change)
        if subscription.backlog is not None:
            yield ServerSentEvent(comment="connected", id=subscription.vector, retry=RETRY_MS)
        while not subscription.closed:
            self._idle = subscription.queue.empty()
            queued = await subscription.queue.get()
            self._idle = False
            if queued is None:
                return
            yield self._event(queued)

    def _event(self, change: Change) -> ServerSentEvent:
        self._last_id = change.vector
        data = change.data_for(self._subscription.user, self._subscription.admin)
        return ServerSentEvent(data, event=change.event, id=change.vector)

    def heartbeat(self) -> ServerSentEvent:
        """Return a comment; with the id of now when nothing waits to be sent, so that a quiet reader's id
        stays young.
        """
        quiet = self._idle and self._subscription.queue.empty()
        return ServerSentEvent(comment="still here", id=self._live.vector if quiet else self._last_id)
