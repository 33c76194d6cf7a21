"""How long something has had work and made no progress, also across a restart or a take-over. No I/O, no clock."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aiokafka.structs import OffsetAndTimestamp

K = TypeVar("K", bound=Hashable)


@dataclass
class Standstill(Generic[K]):
    """Remembers since when each thing has stood still."""

    _since: dict[K, tuple[object, float]] = field(default_factory=dict)

    def begin(self, name: K, stand: object, since: float) -> None:
        """Something that has work was taken over: it has stood at `stand` since then, in the seconds of `look`."""
        self._since[name] = (stand, since)

    def look(self, now: float, at_work: Mapping[K, object]) -> dict[K, float]:
        """Seconds for which each thing that has work stands where it stands. `at_work`: where each stands; `now` in seconds.

        Things without work are left out, and begin at 0 when they have some.
        """
        since = {}
        for name, stand in at_work.items():
            before = self._since.get(name)
            since[name] = before if before is not None and before[0] == stand else (stand, now)
        self._since = since
        return {name: now - begun for name, (_, begun) in since.items()}


def stood_since(progress_at: int, offset: int, first: OffsetAndTimestamp | None) -> int:
    """Since when the record at `offset` has waited without any progress; times in ms since 1970.

    `progress_at`: when everything before it had been published. `first`: the first record of the log that is not older
    than that. A record that came later has waited since it came; one that was there before, since the last progress.
    """
    if first is None or first.offset > offset:
        return progress_at
    return max(progress_at, int(first.timestamp))
