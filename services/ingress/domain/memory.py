"""What changed lately, kept so that a reader who was away for a moment misses nothing."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """One change as it came from its topic; `at` is its append time in seconds since 1970.

    event: what it is called. data: the JSON that its readers get, but for those who see only the part that is in `own`.
    user_ids: whom it concerns, as text. vector: the id it has in this process.
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

    def data_for(self, viewer: str) -> str:
        """The JSON for that person; `*` is an admin, who sees everything."""
        return self.own.get(viewer, self.data)

    def concerns(self, organization: str, user: str, admin: bool) -> bool:
        """Whether that person may learn of it: who takes part, and the organization's admins."""
        return self.organization == organization and (admin or user in self.user_ids)


class ChangeMemory:
    """The changes of the last `seconds`, at most `limit` of them."""

    def __init__(self, seconds: float, limit: int, partitions: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._changes: deque[Change] = deque()
        self._floor = [0] * partitions
        self.next = [0] * partitions

    def grow(self, partitions: int) -> None:
        """The topic has so many partitions now; of the new ones everything will be remembered."""
        new = [0] * (partitions - len(self.next))
        self._floor += new
        self.next += new

    def begin(self, partition: int, offset: int) -> None:
        """Say from which offset on everything of a partition will be remembered, and forget what was before."""
        self._changes = deque(change for change in self._changes if change.partition != partition)
        self._floor[partition] = self.next[partition] = offset

    def advance(self, partition: int, offset: int) -> bool:
        """Note that a record was read. False if it had been before."""
        if offset < self.next[partition]:
            return False
        self.next[partition] = offset + 1
        return True

    def remember(self, change: Change) -> None:
        """Keep a change, and forget what is too old or too much."""
        self._changes.append(change)
        while len(self._changes) > self._limit or self._changes[0].at < change.at - self._seconds:
            gone = self._changes.popleft()
            self._floor[gone.partition] = max(self._floor[gone.partition], gone.offset + 1)

    def since(self, offsets: list[int]) -> Iterator[Change] | None:
        """The changes that a reader at these offsets has not seen, in our order; None if that cannot be said.

        It cannot when some of them are forgotten, or when the reader has seen more than we have: then the topic is
        a new one, or we lag behind another process.
        """
        for wanted, floor, present in zip(offsets, self._floor, self.next, strict=True):
            if not floor <= wanted <= present:
                return None
        return (change for change in self._changes if change.offset >= offsets[change.partition])
