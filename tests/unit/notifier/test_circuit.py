"""The one owner of the circuit breaker, as calls, health and the dispatcher see it."""

import time

import pytest

from chassis.health import Health
from services.notifier.domain.retry import Failure
from services.notifier.sending.circuit import Circuit

DOWN, BUSY = Failure("HTTP 503", 503), Failure("HTTP 429", 429)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, which stands still."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_failures_in_a_row_open_it_and_a_good_probe_closes_it(at: list[float]) -> None:
    health = Health("notifier")
    circuit = Circuit(2, 60, health)
    for failure in (DOWN, BUSY, DOWN):
        circuit.note(failure)
    assert circuit.closed, "an answered call is a sign of life, whatever it says"
    circuit.note(DOWN)
    assert (circuit.closed, circuit.wait(), circuit.has_recovered) == (False, 60, False)
    assert health.parts["breaker"]()["state"] == "open"
    at[0] += 61
    assert circuit.wait() == 0
    with circuit.probing():
        circuit.note(None)
    assert (circuit.closed, circuit.has_recovered) == (True, True)
    assert health.parts["breaker"]()["state"] == "closed"


def test_a_failed_probe_opens_it_for_as_long_again(at: list[float]) -> None:
    circuit = Circuit(1, 60, Health("notifier"))
    circuit.note(DOWN)
    at[0] += 61
    with circuit.probing():
        circuit.note(DOWN)
    assert (circuit.closed, circuit.wait()) == (False, 60)


def test_a_probe_that_makes_no_call_leaves_it_as_open_as_before(at: list[float]) -> None:
    circuit = Circuit(1, 60, Health("notifier"))
    circuit.note(DOWN)
    at[0] += 50
    with circuit.probing():
        pass
    assert (circuit.closed, circuit.wait()) == (False, 10)
    with pytest.raises(ValueError, match="cancelled"), circuit.probing():
        raise ValueError("cancelled")
    assert (circuit.closed, circuit.wait()) == (False, 10)
