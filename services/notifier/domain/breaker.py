"""The circuit breaker: after several failures in a row nobody calls; after a while one call tries the water.

Instants are seconds of any monotonic clock, given by the caller.
"""

from dataclasses import dataclass, replace
from typing import Literal

THRESHOLD = 5
RECOVERY_SECONDS = 60.0

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed: calls go out. Open: none does. Half-open: exactly one is under way, and decides.

    `failures` counts failures in a row; `since` is when it opened.
    """

    threshold: int = THRESHOLD
    recovery: float = RECOVERY_SECONDS
    state: State = "closed"
    failures: int = 0
    since: float = 0.0

    @property
    def closed(self) -> bool:
        """Whether calls go out freely."""
        return self.state == "closed"

    def wait(self, now: float) -> float:
        """Seconds until a call may try the water; 0 when it may now. Only asked of an open breaker."""
        return max(0.0, self.since + self.recovery - now)

    def probing(self) -> "Breaker":
        """One call goes out, and no other until it has ended."""
        return replace(self, state="half_open")

    def succeeded(self) -> "Breaker":
        """After a call that was answered. While open it is an older call's and proves nothing."""
        if self.state == "open" or (self.closed and not self.failures):
            return self
        return replace(self, state="closed", failures=0)

    def failed(self, now: float) -> "Breaker":
        """After a call that was not answered, or by an error of the service itself."""
        if self.state == "open":
            return self
        failures = self.failures + 1
        if self.state == "half_open" or failures >= self.threshold:
            return replace(self, state="open", failures=failures, since=now)
        return replace(self, failures=failures)
