"""Recent changes, kept so that a reader who was away for a moment misses none."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson

from services.ingress.domain.calendar import item_for

Audience = Literal["nobody", "admins", "all"]
"""Readers of an organization beside the people whom a change concerns."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change as it came from its topic; `at` is its append time in seconds since 1970.

    event: its type. data: the JSON for its readers, except those who see only their part, which is in `own`.
    user_ids: the people whom it concerns, as text. vector: its id in this process. appointment: the JSON of
    an appointment, of which each reader gets the item of their calendar. audience: who else sees it.
    """

    partition: int
    offset: int
    at: float
    organization: str
    user_ids: frozenset[str]
    data: str
    vector: str = ""
    event: str = "calendar.changed"
    own: Mapping[str, str] = field(default_factory=dict)
    appointment: str = ""
    audience: Audience = "admins"

    def data_for(self, user: str, admin: bool) -> str:
        """Return the JSON for that person; an admin sees all of it."""
        if self.appointment:
            found = item_for(orjson.loads(self.appointment), user, admin)
            return f'{self.data[:-1]},"item":{orjson.dumps(found).decode()}}}'
        return self.data if admin else self.own.get(user, self.data)

    def concerns(self, organization: str, user: str, admin: bool) -> bool:
        """Return whether that person may see it: the people whom it concerns, and its further audience."""
        if self.organization != organization:
            return False
        return user in self.user_ids or self.audience == "all" or (admin and self.audience == "admins")


class ChangeMemory:
    """The changes of the last `seconds`, at most `limit` of them."""

    def __init__(self, seconds: float, limit: int, partitions: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._changes: deque[Change] = deque()
        self._floor = [0] * partitions
        self.next = [0] * partitions

    def grow(self, partitions: int) -> None:
        """Note that the topic has so many partitions now; all changes of the new ones will be remembered."""
        new = [0] * (partitions - len(self.next))
        self._floor += new
        self.next += new

    def begin(self, partition: int, offset: int) -> None:
        """Note from which offset on changes of a partition will be remembered, and forget earlier ones."""
        self._changes = deque(change for change in self._changes if change.partition != partition)
        self._floor[partition] = self.next[partition] = offset

    def advance(self, partition: int, offset: int) -> bool:
        """Note that a record was read. Return False if it had been read before."""
        if offset < self.next[partition]:
            return False
        self.next[partition] = offset + 1
        return True

    def remember(self, change: Change) -> None:
        """Keep a change, and forget the oldest beyond the limits."""
        self._changes.append(change)
        while len(self._changes) > self._limit or self._changes[0].at < change.at - self._seconds:
            gone = self._changes.popleft()
            self._floor[gone.partition] = max(self._floor[gone.partition], gone.offset + 1)

    def since(self, offsets: list[int]) -> Iterator[Change] | None:
        """Return the changes that a reader at these offsets has not seen, in the order of reading; None if
        unknown.

        They are unknown when some of them are forgotten, or when the reader is ahead of this process: then
        the topic is a new one, or this process lags behind another.
        """
        for wanted, floor, present in zip(offsets, self._floor, self.next, strict=True):
            if not floor <= wanted <= present:
                return None
        return (change for change in self._changes if change.offset >= offsets[change.partition])
