"""The live view: changes of the views, to the people who may see them."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from contracts.control import IntakePaused
from contracts.envelope import MalformedEnvelope, header
from contracts.reading import read_event
from contracts.views import CalendarChanged, NotificationsChanged
from services.ingress import metrics
from services.ingress.commands.visibility import Visibility, event_key, view_key
from services.ingress.domain import vectors
from services.ingress.domain.caller import Caller
from services.ingress.domain.memory import Change, ChangeMemory
from services.ingress.domain.shares import Shares
from services.ingress.domain.statuses import Place, status_change

OLD_ENOUGH = 60.0  # seconds; a younger stream is not ended for another one

Key = tuple[str, str]
"""Organization and user; the user is "*" for its admins, who see all appointments."""

# Messages about entries that are no appointments: the view, and the field that names the entry.
_VIEW_OF = {
    "preferences.shown": ("", "user_id"),
    "organization_preferences.shown": ("", "organization_id"),
    "availability.shown": ("availability", "user_id"),
    "busy_times.shown": ("busy_times", "user_id"),
    "hold.shown": ("holds", "hold_id"),
    "feed.shown": ("feeds", "user_id"),
    "calendar_subscriptions.shown": ("calendar_subscriptions", "user_id"),
}


class Subscription:
    """One open stream. `backlog` has the changes that it missed (None: not known); then comes `queue`, None
    ends it.
    """

    def __init__(
        self, caller: Caller, queue_max: int, vector: str, backlog: Iterator[Change] | None, at: float
    ) -> None:
        self.caller = caller
        self.at = at  # of its opening, in monotonic seconds
        self.key: Key = (str(caller.organization), "*" if caller.admin else str(caller.id))
        self.vector = vector
        self.backlog = None if backlog is None else list(backlog)
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue(queue_max)
        self.closed = False

    @property
    def viewer(self) -> str:
        """Return the reader, as `Change.data_for` names them."""
        return self.key[1]

    def offer(self, change: Change) -> bool:
        """Put a change in the queue. Return False when the reader is too slow."""
        try:
            self.queue.put_nowait(change)
        except asyncio.QueueFull:
            return False
        return True

    def close(self) -> None:
        """End the stream; queued changes are not sent any more: the reader comes back with its last id."""
        self.closed = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Live:
    """Handles projector.events: remembers changes, passes them to streams, and notes the versions that are
    visible.

    `pause` gets the end of a pause of the intake, in seconds since 1970.
    """

    def __init__(
        self,
        memory: ChangeMemory,
        visibility: Visibility,
        queue_max: int,
        pause: Callable[[float], None],
        shares: "Shares[Subscription]",
    ) -> None:
        self._pause = pause
        self._memory = memory
        self._visibility = visibility
        self._queue_max = queue_max
        self._open: dict[Key, set[Subscription]] = {}
        self._shares = shares
        self.closed = False
        self.clock = time.monotonic

    @property
    def count(self) -> int:
        """Return the number of open streams."""
        return len(self._shares)

    @property
    def vector(self) -> str:
        """Return the id of now."""
        return vectors.encode(self._memory.next)

    def handle(self, records: Sequence[Any]) -> None:
        """Handle records of one partition in order; one that was handled before, or is unreadable, is
        ignored.
        """
        for record in records:
            if self._memory.advance(record.partition, record.offset):
                self._apply(record)

    def _apply(self, record: Any) -> None:
        try:
            kind, organization = header(record.headers, "ce_type"), header(record.headers, "organization")
            if kind in _VIEW_OF:
                body = orjson.loads(record.value or b"")
                view, field = _VIEW_OF[kind]
                name = str(UUID(body[field]))
                self._visibility.note(view_key(view, name) if view else name, int(body["version"]))
            elif kind == "intake.paused":
                self._pause(record.timestamp / 1000 + read_event(IntakePaused, record.value).seconds)
            elif kind == "calendar.changed" and organization:
                self._changed(record, str(UUID(organization)), read_event(CalendarChanged, record.value))
            elif kind == "notifications.changed" and organization:
                self._states(record, str(UUID(organization)), read_event(NotificationsChanged, record.value))
        except (MalformedEnvelope, ValidationError, ValueError, KeyError, TypeError):
            return

    def _changed(self, record: Any, organization: str, body: CalendarChanged) -> None:
        appointment = str(body.appointment_id)
        self._visibility.note(appointment, body.version)
        self._visibility.note_event(event_key(header(record.headers, "ce_id")))
        change = Change(
            partition=record.partition,
            offset=record.offset,
            at=record.timestamp / 1000,
            organization=organization,
            user_ids=frozenset(map(str, body.user_ids)),
            data=orjson.dumps(
                {"appointment_id": appointment, "version": body.version, "change": body.change}
            ).decode(),
            vector=self.vector,
        )
        self._pass_on(change)

    def _states(self, record: Any, organization: str, body: NotificationsChanged) -> None:
        """Pass on a change for each appointment. All but the last have the id before the record, which is
        then read again.
        """
        last = len(body.appointments) - 1
        before = list(self._memory.next)
        before[record.partition] = record.offset
        place = Place(record.partition, record.offset, record.timestamp / 1000)
        for number, appointment in enumerate(body.appointments):
            vector = self.vector if number == last else vectors.encode(before)
            self._pass_on(status_change(organization, appointment.model_dump(mode="json"), place, vector))

    def _pass_on(self, change: Change) -> None:
        """Remember a change, and put it into the queues of the streams that it concerns."""
        metrics.CHANGES.inc()
        self._memory.remember(change)
        organization = change.organization
        for key in ((organization, "*"), *((organization, user) for user in change.user_ids)):
            for subscription in tuple(self._open.get(key, ())):
                if not subscription.offer(change):
                    metrics.SLOW_STREAMS.inc()
                    self.unsubscribe(subscription)
                    subscription.close()

    def make_room(self, caller: Caller) -> float:
        """Return 0.0 when there is a place for one more stream of this caller, else the seconds until there is.

        A share that is full gives up its oldest stream, once that is a minute old.
        """
        oldest = self._shares.oldest_in_the_way(caller)
        if oldest is None:
            return 0.0
        wait = oldest.at + OLD_ENOUGH - self.clock()
        if wait > 0:
            return wait
        self._close([oldest])
        return self.make_room(caller)

    def subscribe(self, caller: Caller, last_id: str | None) -> Subscription:
        """Open a stream; with the id that its reader saw last, later changes are its backlog."""
        organization, user = str(caller.organization), str(caller.id)
        backlog: Iterator[Change] | None = iter(())
        if last_id:
            seen = vectors.decode(last_id, len(self._memory.next))
            missed = self._memory.since(seen) if seen else None
            backlog = (
                None
                if missed is None
                else (change for change in missed if change.concerns(organization, user, caller.admin))
            )
        subscription = Subscription(caller, self._queue_max, self.vector, backlog, self.clock())
        self._open.setdefault(subscription.key, set()).add(subscription)
        self._shares.add(subscription)
        metrics.STREAMS.set(self.count)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a stream."""
        streams = self._open.get(subscription.key, set())
        if subscription in streams:
            streams.remove(subscription)
            self._shares.remove(subscription)
            metrics.STREAMS.set(self.count)
        if not streams:
            self._open.pop(subscription.key, None)

    def close(self) -> None:
        """End all streams, for good."""
        self.closed = True
        self._close(self._all())

    def callers(self) -> list[Caller]:
        """Return everybody who has a stream, each once."""
        return list({subscription.caller for subscription in self._all()})

    def end(self, callers: Collection[Caller]) -> None:
        """End all streams of these callers."""
        self._close([subscription for subscription in self._all() if subscription.caller in callers])

    def _all(self) -> list[Subscription]:
        return [subscription for streams in self._open.values() for subscription in streams]

    def _close(self, subscriptions: Collection[Subscription]) -> None:
        for subscription in subscriptions:
            self.unsubscribe(subscription)
            subscription.close()
