"""The live view: changes of the views, to the people who may see them."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from contracts.control import IntakePaused
from contracts.envelope import MalformedEnvelope, header
from contracts.reading import read_event
from contracts.views import CalendarChanged, HoldShown, NotificationsChanged
from services.ingress import metrics
from services.ingress.commands.visibility import Visibility, event_key, view_key
from services.ingress.domain import vectors
from services.ingress.domain.caller import Caller
from services.ingress.domain.memory import Change, ChangeMemory
from services.ingress.domain.shares import Shares
from services.ingress.domain.statuses import Place, status_change
from services.ingress.live.changes import calendar_change, preferences_change, times_of
from services.ingress.live.subscriptions import Range, Subscription, Subscriptions

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
OLD_ENOUGH = 60.0  # seconds; a younger stream is not ended for another one
UNKNOWN: Range = (None, None)


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
        shares: Shares[Subscription],
    ) -> None:
        self._pause = pause
        self._memory = memory
        self._visibility = visibility
        self._queue_max = queue_max
        self._streams = Subscriptions()
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
                self._shown(record, kind, str(UUID(organization)) if organization else "")
            elif kind == "intake.paused":
                self._pause(record.timestamp / 1000 + read_event(IntakePaused, record.value).seconds)
            elif kind == "calendar.changed" and organization:
                self._changed(record, str(UUID(organization)), read_event(CalendarChanged, record.value))
            elif kind == "notifications.changed" and organization:
                self._states(record, str(UUID(organization)), read_event(NotificationsChanged, record.value))
        except (MalformedEnvelope, ValidationError, ValueError, KeyError, TypeError):
            return

    def _shown(self, record: Any, kind: str, organization: str) -> None:
        body = orjson.loads(record.value or b"")
        view, field = _VIEW_OF[kind]
        name = str(UUID(body[field]))
        self._visibility.note(view_key(view, name) if view else name, int(body["version"]))
        if kind in ("preferences.shown", "organization_preferences.shown"):
            self._pass_on(preferences_change(record, organization, name, int(body["version"]), self.vector))
        elif kind in ("availability.shown", "busy_times.shown"):
            self._availability(organization, [name], UNKNOWN)
        elif kind == "hold.shown":
            hold = read_event(HoldShown, record.value)
            self._availability(
                organization, map(str, hold.user_ids), (body.get("start_time"), body.get("end_time"))
            )

    def _changed(self, record: Any, organization: str, body: CalendarChanged) -> None:
        self._visibility.note(str(body.appointment_id), body.version)
        self._visibility.note_event(event_key(header(record.headers, "ce_id")))
        change = calendar_change(record, organization, body, self.vector)
        self._pass_on(change)
        if body.appointment is not None:
            self._availability(organization, change.user_ids, times_of(body))

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
        for subscription in self._streams.concerned(change):
            if not subscription.offer(change):
                self._drop(subscription)

    def _availability(self, organization: str, people: Iterable[str], when: Range) -> None:
        """Let the streams that watch these people know that their free time changed."""
        for person in people:
            for subscription in self._streams.watching(organization, person):
                subscription.note_availability([person], when, self._flush)

    def _flush(self, subscription: Subscription) -> None:
        if not subscription.hint("availability.changed", subscription.availability(), self.vector):
            self._drop(subscription)

    def _drop(self, subscription: Subscription) -> None:
        """Close the stream of a slow reader."""
        metrics.SLOW_STREAMS.inc()
        self._close([subscription])

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

    def subscribe(self, caller: Caller, last_id: str | None, watched: Collection[UUID] = ()) -> Subscription:
        """Open a stream; with the id that its reader saw last, later changes are its backlog.

        A reader who comes back is told that all availability that they watch may have changed.
        """
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
        subscription = Subscription(
            caller,
            queue_max=self._queue_max,
            vector=self.vector,
            backlog=backlog,
            at=self.clock(),
            watched=[str(person) for person in watched],
        )
        self._streams.add(subscription)
        self._shares.add(subscription)
        metrics.STREAMS.set(self.count)
        if last_id and watched:
            subscription.note_availability(subscription.watched, UNKNOWN, self._flush)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a stream."""
        if self._streams.remove(subscription):
            self._shares.remove(subscription)
            metrics.STREAMS.set(self.count)

    def close(self) -> None:
        """End all streams, for good."""
        self.closed = True
        self._close(self._streams.all())

    def callers(self) -> list[Caller]:
        """Return everybody who has a stream, each once."""
        return list({subscription.caller for subscription in self._streams.all()})

    def end(self, callers: Collection[Caller]) -> None:
        """End all streams of these callers."""
        self._close([stream for stream in self._streams.all() if stream.caller in callers])

    def _close(self, subscriptions: Collection[Subscription]) -> None:
        for subscription in subscriptions:
            self.unsubscribe(subscription)
            subscription.close()
