"""Places that are taken for a while: so many for each key, so that no key takes those of another."""

from bisect import insort
from dataclasses import dataclass, field


@dataclass(slots=True)
class Places:
    """At most `most` places of a key at once. A place has a time by which it is given back. Times are
    monotonic seconds.
    """

    most: int
    _taken: dict[object, list[float]] = field(default_factory=dict)

    def wait(self, key: object, now: float) -> float:
        """Return 0.0 if there is a place, else the seconds until there is one at the latest."""
        taken = self._taken.get(key, [])
        return max(taken[0] - now, 0.001) if len(taken) >= self.most else 0.0

    def take(self, key: object, until: float) -> None:
        """Take a place that is given back by `until`."""
        insort(self._taken.setdefault(key, []), until)

    def give_back(self, key: object, until: float) -> None:
        """Give back a place that was taken until then."""
        taken = self._taken[key]
        taken.remove(until)
        if not taken:
            del self._taken[key]

    def count(self, key: object) -> int:
        """Return how many places of a key are taken."""
        return len(self._taken.get(key, ()))
