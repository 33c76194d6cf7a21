"""Where deciding goes on in each partition of commands, and which events are left out because they will come again."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.booking.rebuild.facts import Fact, version_of

Place = tuple[str, int]


class Cut(NamedTuple):
    """Where deciding goes on in a partition of commands; `at`: when that command was sent, None if there is none yet."""

    offset: int
    at: datetime | None


class Cuts:
    """The cut of each partition, by topic and number.

    What follows from an event that is left out is left out, too, and its partition goes on there: `lowered` says that
    this has happened, and that events which were taken as standing before may have to be left out.
    """

    def __init__(self, cuts: Mapping[Place, Cut]) -> None:
        self.lowered = False
        self._cuts = dict(cuts)
        self._left_out: dict[tuple[type, UUID], int] = {}

    def begin(self) -> None:
        """Events are read from the beginning (again)."""
        self.lowered = False
        self._left_out.clear()

    def items(self) -> Iterator[tuple[Place, Cut]]:
        """All of them, in order."""
        yield from sorted(self._cuts.items())

    def is_again(self, topic: str, partition: int, offset: int, decided_at: datetime) -> bool:
        """Whether the command at this position is to be decided again.

        The time is compared, too: a position in a topic that was made anew since may be higher than any there is now.
        """
        cut = self._cuts.get((topic, partition))
        return cut is not None and cut.at is not None and offset >= cut.offset and decided_at >= cut.at

    def leave_out(self, fact: Fact) -> bool:
        """Whether this event will come again, so that it must not count now."""
        if fact.position is None:
            return False
        topic, partition, offset = fact.position
        version, subject = version_of(fact), (type(fact.what), fact.subject)
        again = self.is_again(topic, partition, offset, fact.at)
        if version is None:
            return again
        if not again and self._left_out.get(subject, version) < version and (topic, partition) in self._cuts:
            self._cuts[topic, partition] = Cut(offset, fact.at)
            self.lowered = again = True
        if again:
            self._left_out[subject] = min(version, self._left_out.get(subject, version))
        return again
