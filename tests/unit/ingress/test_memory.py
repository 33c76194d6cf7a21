"""The memory for readers who come back, and the limit of requests."""

import pytest

from services.ingress.domain import vectors
from services.ingress.domain.bucket import Buckets
from services.ingress.domain.memory import Change, ChangeMemory


def a_change(partition: int, offset: int, at: float = 0.0, **changes: object) -> Change:
    values: dict[str, object] = {
        "organization": "o",
        "user_ids": frozenset({"anna"}),
        "data": f"{partition}/{offset}",
    }
    return Change(partition=partition, offset=offset, at=at, **(values | changes))  # type: ignore[arg-type]


def filled(*changes: Change, seconds: float = 600, limit: int = 100) -> ChangeMemory:
    memory = ChangeMemory(seconds, limit, 2)
    memory.begin(0, 10)
    memory.begin(1, 20)
    for change in changes:
        assert memory.advance(change.partition, change.offset)
        memory.remember(change)
    return memory


def seen_since(memory: ChangeMemory, offsets: list[int]) -> list[str] | None:
    found = memory.since(offsets)
    return None if found is None else [change.data for change in found]


def test_a_reader_gets_what_it_has_not_seen_in_our_order() -> None:
    memory = filled(a_change(0, 10), a_change(1, 20), a_change(0, 11))
    assert seen_since(memory, [10, 20]) == ["0/10", "1/20", "0/11"]
    assert seen_since(memory, [11, 20]) == ["1/20", "0/11"]
    assert seen_since(memory, [12, 21]) == []


@pytest.mark.parametrize(
    "offsets",
    [
        pytest.param([9, 20], id="it was away before we remember"),
        pytest.param([13, 20], id="it has seen more than there is"),
    ],
)
def test_what_cannot_be_said_is_not_said(offsets: list[int]) -> None:
    assert seen_since(filled(a_change(0, 10), a_change(0, 11)), offsets) is None


def test_too_old_is_forgotten() -> None:
    memory = filled(a_change(0, 10, at=0), a_change(1, 20, at=500), a_change(0, 11, at=601))
    assert seen_since(memory, [10, 20]) is None
    assert seen_since(memory, [11, 20]) == ["1/20", "0/11"]


def test_too_much_is_forgotten() -> None:
    memory = filled(*(a_change(0, 10 + n) for n in range(5)), limit=3)
    assert seen_since(memory, [11, 20]) is None
    assert seen_since(memory, [12, 20]) == ["0/12", "0/13", "0/14"]


def test_a_record_that_comes_again_is_noticed() -> None:
    memory = filled(a_change(0, 10))
    assert not memory.advance(0, 10)


def test_a_topic_that_begins_anew_is_remembered_anew() -> None:
    memory = filled(a_change(0, 10), a_change(1, 20))
    memory.begin(0, 3)
    assert seen_since(memory, [3, 20]) == ["1/20"]
    assert seen_since(memory, [11, 20]) is None


@pytest.mark.parametrize(
    ("organization", "user", "admin", "concerned"),
    [
        pytest.param("o", "anna", False, True, id="who takes part"),
        pytest.param("o", "ben", False, False, id="a colleague"),
        pytest.param("o", "ben", True, True, id="an admin"),
        pytest.param("p", "anna", True, False, id="another organization, whatever their id"),
    ],
)
def test_whom_a_change_concerns(organization: str, user: str, admin: bool, concerned: bool) -> None:
    assert a_change(0, 1).concerns(organization, user, admin) is concerned


@pytest.mark.parametrize("text", ["", "1.", "1.2.3", "1.-2", "1.x", "1.2 ", "1.\u0662", "9" * 20 + ".1"])
def test_what_is_no_vector(text: str) -> None:
    assert vectors.decode(text, 2) is None


def test_a_vector_of_fewer_partitions_has_seen_nothing_of_the_new_ones() -> None:
    assert vectors.decode("7.3", 4) == [7, 3, 0, 0]
    memory = filled(a_change(0, 10), a_change(1, 20))
    memory.grow(3)
    assert memory.advance(2, 0)
    memory.remember(a_change(2, 0))
    assert seen_since(memory, [11, 20, 0]) == ["1/20", "2/0"]


def test_a_vector_comes_back_as_it_went() -> None:
    assert vectors.decode(vectors.encode([4, 0]), 2) == [4, 0]


def test_a_burst_then_a_steady_rate_for_each_key() -> None:
    buckets = Buckets(rate=10, burst=3)
    assert [buckets.take("anna", 0.0) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("anna", 0.0) == pytest.approx(0.1)
    assert buckets.take("ben", 0.0) == 0
    assert buckets.take("anna", 0.1) == 0
    assert buckets.take("anna", 0.1) > 0
    assert [buckets.take("anna", 100.0) for _ in range(4)][3] > 0


def test_buckets_of_the_absent_are_forgotten() -> None:
    buckets = Buckets(rate=1, burst=1)
    for number in range(20_001):
        buckets.take(number, float(number))
    assert len(buckets._levels) < 10
