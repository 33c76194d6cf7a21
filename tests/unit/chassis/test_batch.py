"""Batches, progress and back-off: the pure parts of the delivery rules."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiokafka import TopicPartition

from chassis import backoff, telemetry
from chassis.consuming import progress
from chassis.consuming.batch import Batch, Read
from contracts.envelope import Record

ZERO, ONE = TopicPartition("p.t", 0), TopicPartition("p.t", 1)
ROW = progress.Row(10, 8, "c", published_at=datetime(2027, 1, 1, tzinfo=UTC))


def read(partition: int, offset: int) -> Read[int]:
    record = Record("t", partition, offset, datetime(2027, 1, 1, tzinfo=UTC), None, None)
    return Read(record, 1, None)


MIXED = Batch((read(0, 5), read(0, 7), read(1, 2), read(0, 9)), {ZERO: 4, ONE: 2}, (ZERO, ZERO, ONE, ZERO))


def test_a_batch_is_divided_by_partition_first() -> None:
    zero, one = MIXED.parts()
    assert (zero.since, zero.next()) == ({ZERO: 4}, {ZERO: 10})
    assert (one.since, one.next()) == ({ONE: 2}, {ONE: 3})


def test_halves_of_one_partition_follow_on_without_a_break() -> None:
    front, back = MIXED.without({ONE}).parts()
    assert (front.since, front.next()) == ({ZERO: 4}, {ZERO: 6})
    assert (back.since, back.next()) == ({ZERO: 6}, {ZERO: 10})


@pytest.mark.parametrize(
    ("start", "end", "cluster", "complaint"),
    [
        pytest.param(0, 10, "c", None, id="all there"),
        pytest.param(8, 10, "c", None, id="everything unpublished is there"),
        pytest.param(9, 10, "c", "8 to 8 were deleted", id="an unpublished record was deleted"),
        pytest.param(0, 9, "c", "ends at 9", id="the log ends before what was applied"),
        pytest.param(0, 10, "d", "another Kafka cluster", id="another cluster"),
    ],
)
def test_refusal_for(start: int, end: int, cluster: str, complaint: str | None) -> None:
    refusal = progress.refusal_for(ROW, start, end, cluster)
    assert (complaint in refusal) if complaint and refusal else refusal is complaint


@pytest.mark.parametrize("attempt", [1, 5, 1_000_000])
def test_back_off_is_bounded(attempt: int) -> None:
    assert 0 < backoff.delay(attempt, 0.1, 5.0) <= 5.0


def test_trace_context_follows_deterministically() -> None:
    parent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    child = telemetry.follow(parent, UUID(int=1))
    assert child == telemetry.follow(parent, UUID(int=1))
    assert child is not None
    assert child.split("-")[1] == "a" * 32
    assert child.split("-")[2] != "b" * 16
    assert telemetry.follow("nonsense", UUID(int=1)) is None
