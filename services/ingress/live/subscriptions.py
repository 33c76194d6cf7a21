"""Open streams, and the indexes by which a change finds those that it concerns."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator

import orjson

from services.ingress.domain.caller import Caller
from services.ingress.domain.memory import Change

Range = tuple[str | None, str | None]
"""Begin and end of a time as RFC 3339; None: unknown."""

MERGED_FOR = 1.0  # seconds between two hints on availability in one stream


class Subscription:
    """One open stream. `backlog` has the changes that it missed (None: not known); then comes `queue`, None
    ends it. `watched`: colleagues whose availability it follows.
    """

    def __init__(
        self,
        caller: Caller,
        *,
        queue_max: int,
        vector: str,
        backlog: Iterator[Change] | None,
        at: float,
        watched: Collection[str] = (),
    ) -> None:
        self.caller = caller
        self.at = at  # of its opening, in monotonic seconds
        self.organization, self.user = str(caller.organization), str(caller.id)
        self.admin = caller.admin
        self.vector = vector
        self.backlog = None if backlog is None else list(backlog)
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue(queue_max)
        self.closed = False
        self.watched = frozenset(watched)
        self._affected: dict[str, Range] = {}
        self._told_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def offer(self, change: Change) -> bool:
        """Put a change in the queue. Return False when the reader is too slow."""
        try:
            self.queue.put_nowait(change)
        except asyncio.QueueFull:
            return False
        return True

    def hint(self, event: str, data: object, vector: str) -> bool:
        """Put an event of this stream alone in the queue; it is not remembered for readers who come back."""
        text = orjson.dumps(data).decode()
        nowhere = Change(-1, -1, 0.0, self.organization, frozenset(), text, vector, event)
        return self.offer(nowhere)

    def note_availability(
        self, people: Iterable[str], when: Range, flush: Callable[["Subscription"], None]
    ) -> None:
        """Note that these people's free time changed; `flush` is called at most once a second, and soon."""
        for person in people:
            before = self._affected.get(person)
            self._affected[person] = when if before is None else _around(before, when)
        if self._timer is None:
            wait = max(0.0, self._told_at + MERGED_FOR - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait, flush, self)

    def availability(self) -> dict[str, object]:
        """Return the noted changes as one, and forget them."""
        self._timer = None
        self._told_at = time.monotonic()
        people, ranges = sorted(self._affected), list(self._affected.values())
        self._affected = {}
        whole = ranges[0]
        for each in ranges[1:]:
            whole = _around(whole, each)
        return {"user_ids": people, "from": whole[0], "to": whole[1]}

    def close(self) -> None:
        """End the stream; queued changes are not sent any more: the reader comes back with its last id."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


def _around(one: Range, other: Range) -> Range:
    """Return the smallest range with both; an unknown bound stays unknown. RFC 3339 in UTC sorts as text."""
    first = min(one[0], other[0]) if one[0] and other[0] else None
    last = max(one[1], other[1]) if one[1] and other[1] else None
    return first, last


class Subscriptions:
    """All open streams by reader, by organization, and by the colleagues that they watch."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], set[Subscription]] = {}

    def add(self, subscription: Subscription) -> None:
        """Note an open stream."""
        for key in _keys(subscription):
            self._by_key.setdefault(key, set()).add(subscription)

    def remove(self, subscription: Subscription) -> bool:
        """Forget a stream. Return False if it was forgotten before."""
        keys = _keys(subscription)
        if subscription not in self._by_key.get(keys[0], ()):
            return False
        for key in keys:
            streams = self._by_key[key]
            streams.discard(subscription)
            if not streams:
                del self._by_key[key]
        return True

    def concerned(self, change: Change) -> set[Subscription]:
        """Return the streams that a change concerns."""
        keys = [(change.organization, user) for user in change.user_ids]
        if change.audience != "nobody":
            keys.append((change.organization, f"*{change.audience}"))
        return {stream for key in keys for stream in self._by_key.get(key, ())}

    def watching(self, organization: str, person: str) -> Collection[Subscription]:
        """Return the streams that follow the availability of a person."""
        return self._by_key.get((organization, f"?{person}"), ())

    def all(self) -> list[Subscription]:
        """Return every open stream."""
        return [stream for key, streams in self._by_key.items() if key[1] == "*all" for stream in streams]


def _keys(subscription: Subscription) -> list[tuple[str, str]]:
    names = [subscription.user, "*all", *(["*admins"] if subscription.admin else [])]
    names += [f"?{person}" for person in sorted(subscription.watched)]
    return [(subscription.organization, name) for name in names]
