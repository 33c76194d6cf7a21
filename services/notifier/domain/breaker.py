"""The circuit breaker: several failures in a row stop all calls, and after a while single calls are probes.

Instants are seconds of any monotonic clock, given by the caller.
"""

from dataclasses import dataclass, replace
from typing import Literal

THRESHOLD = 5
RECOVERY_SECONDS = 60.0

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed: calls go out. Open: no call goes out. Half-open: exactly one call is under way, and decides.

    `failures` counts failures in a row; `since` is when it opened.
    """

    threshold: int = THRESHOLD
    recovery: float = RECOVERY_SECONDS
    state: State = "closed"
    failures: int = 0
    since: float = 0.0

    @property
    def closed(self) -> bool:
        """True if calls go out freely."""
        return self.state == "closed"

    def wait(self, now: float) -> float:
        """Return the seconds until a probe may go out, 0 if it may now.

        Meaningful for an open breaker only.
        """
        return max(0.0, self.since + self.recovery - now)

    def probing(self) -> "Breaker":
        """Return the breaker during a probe."""
        return replace(self, state="half_open")

    def succeeded(self) -> "Breaker":
        """Return the breaker after an answered call.

        While open, such a call is an older one and proves nothing.
        """
        if self.state == "open" or (self.closed and not self.failures):
            return self
        return replace(self, state="closed", failures=0)

    def failed(self, now: float) -> "Breaker":
        """Return the breaker after a call without an answer, or with an error of the service itself."""
        if self.state == "open":
            return self
        failures = self.failures + 1
        if self.state == "half_open" or failures >= self.threshold:
            return replace(self, state="open", failures=failures, since=now)
        return replace(self, failures=failures)
