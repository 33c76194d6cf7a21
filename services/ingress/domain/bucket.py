"""Rate limits that allow a burst: a bucket of tokens for each key."""

from dataclasses import dataclass, field

_PRUNE_ABOVE = 20_000


@dataclass(slots=True)
class Buckets:
    """For each key `rate` requests a second over time, and up to `burst` at once. Times are monotonic
    seconds.
    """

    rate: float
    burst: float
    _levels: dict[object, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: object, now: float) -> float:
        """Take one token. Return 0.0, or the seconds until there is one."""
        level, since = self._levels.get(key, (self.burst, now))
        level = min(self.burst, level + (now - since) * self.rate)
        if level < 1:
            return (1 - level) / self.rate
        self._levels[key] = (level - 1, now)
        if len(self._levels) > _PRUNE_ABOVE:
            self._forget_full(now)
        return 0.0

    def _forget_full(self, now: float) -> None:
        """Forget full buckets: a key without a bucket starts with a full one."""
        refill = self.burst / self.rate
        self._levels = {key: level for key, level in self._levels.items() if now - level[1] < refill}
