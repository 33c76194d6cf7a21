"""The circuit breaker as operators see it."""

import time

import pytest

from services.notifier.domain.breaker import Breaker
from services.notifier.sending.breaker_log import BreakerLog


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, which stands still."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_an_open_breaker_says_why_and_when_a_call_tries_the_water(at: list[float]) -> None:
    breaker = Breaker(threshold=1, recovery=60)
    log = BreakerLog(lambda: breaker)
    assert (log.report()["state"], log.report()["next_probe_in"]) == ("closed", None)
    breaker = breaker.failed(at[0])
    log.changed(breaker, "HTTP 503")
    at[0] += 20
    report = log.report()
    assert (report["state"], report["failures"], report["threshold"]) == ("open", 1, 1)
    assert (report["reason"], report["next_probe_in"]) == ("HTTP 503", 40.0)


def test_a_failed_probe_is_the_same_outage_and_a_good_one_is_its_end(at: list[float]) -> None:
    breaker = Breaker(threshold=1).failed(at[0])
    log = BreakerLog(lambda: breaker)
    log.changed(breaker, "HTTP 503")
    began = log.report()["since"]
    breaker = breaker.probing()
    assert (log.report()["state"], log.report()["next_probe_in"]) == ("half_open", None)
    breaker = breaker.failed(at[0] + 60)
    log.changed(breaker, "timeout")
    assert (log.report()["since"], log.report()["reason"]) == (began, "timeout")
    breaker = breaker.probing().succeeded()
    log.changed(breaker, "")
    report = log.report()
    assert report["since"] > began
    assert (report["state"], report["failures"], report["reason"]) == ("closed", 0, None)
