"""How long something has stood still, also across a restart or a take-over."""

from aiokafka.structs import OffsetAndTimestamp

from chassis.consuming.standstill import Standstill, stood_since

HOUR = 3_600_000  # ms
PROGRESS = 1_700_000_000_000  # ms, when published_offset last grew


def test_time_is_counted_while_there_is_work_and_no_progress() -> None:
    standstill: Standstill[str] = Standstill()
    assert standstill.look(100, {"p": 7}) == {"p": 0}
    assert standstill.look(130, {"p": 7}) == {"p": 30}
    assert standstill.look(131, {"p": 8}) == {"p": 0}
    assert standstill.look(140, {}) == {}
    assert standstill.look(150, {"p": 8}) == {"p": 0}


def test_after_a_take_over_the_time_before_it_counts() -> None:
    standstill: Standstill[str] = Standstill()
    standstill.look(100, {"p": "not ours yet", "q": 3})
    standstill.begin("p", 7, 40)
    assert standstill.look(101, {"p": 7, "q": 3}) == {"p": 61, "q": 1}


def test_the_first_progress_after_a_take_over_ends_the_standstill() -> None:
    standstill: Standstill[str] = Standstill()
    standstill.begin("p", 7, -5 * 3600)
    assert standstill.look(100, {"p": 7}) == {"p": 5 * 3600 + 100}
    assert standstill.look(101, {"p": 8}) == {"p": 0}
    assert standstill.look(131, {"p": 8}) == {"p": 30}


def test_progress_before_the_first_look_counts() -> None:
    standstill: Standstill[str] = Standstill()
    standstill.begin("p", 7, -5 * 3600)
    assert standstill.look(100, {"p": 9}) == {"p": 0}


def test_a_record_that_has_waited_since_the_last_progress_has_stood_still_since_then() -> None:
    assert stood_since(PROGRESS, 12, None) == PROGRESS
    assert stood_since(PROGRESS, 12, OffsetAndTimestamp(13, PROGRESS + HOUR)) == PROGRESS


def test_a_record_that_came_to_an_idle_partition_has_stood_still_since_it_came() -> None:
    assert stood_since(PROGRESS, 12, OffsetAndTimestamp(12, PROGRESS + HOUR)) == PROGRESS + HOUR


def test_clocks_that_differ_make_no_time_before_the_progress() -> None:
    """Records below the position may seem to be younger than its note."""
    assert stood_since(PROGRESS, 12, OffsetAndTimestamp(11, PROGRESS + 40)) == PROGRESS + 40
