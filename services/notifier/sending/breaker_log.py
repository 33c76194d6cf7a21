"""The circuit breaker as operators see it in `/health`."""

import time
from collections.abc import Callable
from math import isnan
from typing import Any

from chassis import clock
from contracts.envelope import rfc3339
from services.notifier import metrics
from services.notifier.domain.breaker import Breaker


class BreakerLog:
    """Remembers when calls stopped, or started again. `current` returns the breaker as it is now."""

    def __init__(self, current: Callable[[], Breaker]) -> None:
        self._current = current
        self._closed = True
        self._since = clock.now()
        self._reason: str | None = None

    def changed(self, breaker: Breaker, reason: str) -> None:
        """Note a new state. A failed probe continues the same outage."""
        if breaker.closed != self._closed:
            self._closed, self._since = breaker.closed, clock.now()
        self._reason = None if breaker.closed else reason

    def report(self) -> dict[str, Any]:
        """Return the part of `/health` about the breaker, as JSON values.

        `next_probe_in`: seconds, None unless the breaker is open. `waiting_deliveries`: a count that is some
        seconds old, None if counting failed.
        """
        breaker = self._current()
        wait = breaker.wait(time.monotonic()) if breaker.state == "open" else None
        return {
            "state": breaker.state,
            "since": rfc3339(self._since),
            "failures": breaker.failures,
            "threshold": breaker.threshold,
            "reason": self._reason,
            "next_probe_in": None if wait is None else round(wait, 1),
            "waiting_deliveries": _waiting(),
        }


def _waiting() -> int | None:
    figure = next(iter(metrics.WAITING.collect())).samples[0].value
    return None if isnan(figure) else int(figure)
