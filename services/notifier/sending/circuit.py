"""The circuit breaker of one process: the only owner of its state, which health, metrics and logs follow."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from chassis import telemetry
from chassis.health import Health
from services.notifier import metrics
from services.notifier.domain.breaker import Breaker
from services.notifier.domain.retry import Failure
from services.notifier.sending.breaker_log import BreakerLog

log = telemetry.get_logger()

DEPENDENCY = "communication"


class Circuit:
    """Learns from the end of every call whether more calls may go out.

    `has_recovered`: the breaker closed again, and the deliveries that waited for that are not due yet.
    """

    def __init__(self, threshold: int, recovery: float, health: Health) -> None:
        self._breaker = Breaker(threshold, recovery)
        self._health = health
        self._log = BreakerLog(lambda: self._breaker)
        self.has_recovered = False
        health.parts["breaker"] = self._log.report

    @property
    def closed(self) -> bool:
        """True if calls go out freely."""
        return self._breaker.closed

    def wait(self) -> float:
        """Return the seconds until a probe may go out, while the breaker is open."""
        return self._breaker.wait(time.monotonic())

    def note(self, failure: Failure | None) -> None:
        """Note the end of a call. Every answer but an error of the service itself is a sign of life."""
        before = self._breaker
        if failure is not None and failure.outage:
            self._breaker = before.failed(time.monotonic())
        else:
            self._breaker = before.succeeded()
        if self._breaker.state != before.state:
            self._publish(failure.reason if failure else "")

    @contextmanager
    def probing(self) -> Iterator[None]:
        """Let one call go out. If it is not made after all, the breaker is as open as before."""
        before = self._breaker
        self._breaker = before.probing()
        metrics.BREAKER.set(metrics.BREAKER_STATES[self._breaker.state])
        try:
            yield
        finally:
            if self._breaker.state == "half_open":
                self._breaker = before

    def _publish(self, reason: str) -> None:
        breaker = self._breaker
        metrics.BREAKER.set(metrics.BREAKER_STATES[breaker.state])
        self._log.changed(breaker, reason)
        if breaker.closed:
            self._health.clear(DEPENDENCY)
            self.has_recovered = True
        else:
            self._health.waiting(DEPENDENCY, f"circuit breaker {breaker.state}: {reason}")
            log.warning("circuit breaker opened", reason=reason, failures=breaker.failures)
