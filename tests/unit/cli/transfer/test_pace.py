"""How many commands may go at an instant."""

from cli.transfer.importing.pace import FIRST_RATE, LEAST_RATE, Pace

TICK = 0.02


def sent_in(pace: Pace, first: int, last: int, latency: float) -> int:
    """How many go from one second to another, with outcomes that take so long."""
    sent = 0
    for tick in range(int(first / TICK) + 1, int(last / TICK) + 1):
        allowed = pace.allowed(tick * TICK)
        pace.spend(allowed)
        sent += allowed
        for _ in range(allowed):
            pace.note(latency)
    return sent


def test_it_goes_up_to_what_was_said_and_stays_there() -> None:
    pace = Pace(200, now=0.0)
    assert sent_in(pace, 0, 1, 0.01) <= FIRST_RATE
    sent_in(pace, 1, 15, 0.01)
    assert pace.rate == 200
    assert 390 <= sent_in(pace, 15, 17, 0.01) <= 404


def test_a_pause_is_not_made_up_for() -> None:
    pace = Pace(200, now=0.0)
    sent_in(pace, 0, 15, 0.01)
    assert pace.allowed(60.0) == 20


def test_it_gives_way_when_outcomes_take_longer_and_comes_back() -> None:
    pace = Pace(200, now=0.0)
    sent_in(pace, 0, 15, 0.01)
    sent_in(pace, 15, 30, 0.2)
    assert pace.rate == LEAST_RATE
    sent_in(pace, 30, 50, 0.012)
    assert pace.rate == 200


def test_it_settles_where_latency_begins_to_grow() -> None:
    pace, total = Pace(1_000, now=0.0), 0
    for second in range(60):
        latency = 0.01 if pace.rate < 100 else 0.1
        total += sent_in(pace, second, second + 1, latency)
    assert 60 * 40 < total < 60 * 100


def test_a_steady_pace_is_the_same_from_the_first_second_whoever_waits() -> None:
    pace = Pace(200, now=0.0, steady=True)
    assert 195 <= sent_in(pace, 0, 1, 0.01) <= 201
    assert 995 <= sent_in(pace, 1, 6, 2.0) <= 1_001


def test_a_slow_pace_still_moves() -> None:
    pace = Pace(1, now=0.0)
    assert pace.allowed(0.5) == 0
    assert pace.allowed(1.0) == 1
