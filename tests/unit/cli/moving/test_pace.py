"""How many commands may go at an instant."""

from cli.moving.pace import Pace


def test_so_many_a_second_and_no_burst_after_a_pause() -> None:
    pace, sent = Pace(200, now=0.0), 0
    for tick in range(1, 101):
        allowed = pace.allowed(tick * 0.02)
        pace.spend(allowed)
        sent += allowed
    assert 395 <= sent <= 400
    assert pace.allowed(60.0) == 20


def test_a_slow_pace_still_moves() -> None:
    pace = Pace(1, now=0.0)
    assert pace.allowed(0.5) == 0
    assert pace.allowed(1.0) == 1
