"""How fast commands may go out."""

_AHEAD_SECONDS = 0.1


class Pace:
    """So many a second, evenly: what a pause leaves unused is not made up for beyond a tenth of a second."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._saved = 0.0
        self._at = now

    def allowed(self, now: float) -> int:
        """How many may go now (seconds of a monotonic clock)."""
        ahead = max(1.0, self._rate * _AHEAD_SECONDS)
        self._saved = min(ahead, self._saved + (now - self._at) * self._rate)
        self._at = now
        return int(self._saved)

    def spend(self, count: int) -> None:
        """So many went."""
        self._saved -= count
