"""How long something has had work and made none of it. No I/O, no clock."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass
class Standstill(Generic[K]):
    """Remembers since when each thing has stood still."""

    _since: dict[K, tuple[object, float]] = field(default_factory=dict)

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
