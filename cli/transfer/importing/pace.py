"""The pace of an import: as fast as outcomes stay prompt, and never faster than the given rate."""

from statistics import median

FIRST_RATE, LEAST_RATE = 20.0, 5.0
_AHEAD_SECONDS = 0.1
_WINDOW_SECONDS = 1.0
_FASTER, _SLOWER = 1.25, 0.6
_NOTICED_SECONDS = 0.01


class Pace:
    """A number of commands a second, evenly: unused time is not made up for beyond a tenth of a second.

    It begins slowly and goes up while outcomes come as promptly as at its quietest second. As soon as half of those of
    a second take half as long again as then (and 10 ms longer), others wait, too: it goes down, and tries again.
    """

    def __init__(self, most: float, now: float, *, steady: bool = False) -> None:
        """`most`: commands a second; `now`: seconds of a monotonic clock, as everywhere here.

        steady: at that rate throughout, also while others wait.
        """
        self._most = most
        self._steady = steady
        self.rate = most if steady else min(most, FIRST_RATE)
        self._saved = 0.0
        self._at = self._window = now
        self._taken: list[float] = []
        self._best: float | None = None

    def allowed(self, now: float) -> int:
        """Return the number of commands that may go now."""
        if now - self._window >= _WINDOW_SECONDS:
            self._adjust(now)
        ahead = max(1.0, self.rate * _AHEAD_SECONDS)
        self._saved = min(ahead, self._saved + (now - self._at) * self.rate)
        self._at = now
        return int(self._saved)

    def spend(self, count: int) -> None:
        """Count commands that went."""
        self._saved -= count

    def note(self, seconds: float) -> None:
        """Note the seconds from a command to its outcome."""
        self._taken.append(seconds)

    def _adjust(self, now: float) -> None:
        self._window = now
        if self._steady or not self._taken:
            self._taken.clear()
            return
        usual, self._taken = median(self._taken), []
        self._best = min(usual, self._best or usual)
        noticed = usual > max(1.5 * self._best, self._best + _NOTICED_SECONDS)
        factor = _SLOWER if noticed else _FASTER
        self.rate = min(self._most, max(LEAST_RATE, self.rate * factor))
