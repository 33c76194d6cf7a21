"""Batches are made fairly, bounded by number and weight; a partition in trouble hinders no other."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiokafka import TopicPartition

from chassis.configuration.settings import Settings
from chassis.consuming import gathering
from chassis.consuming.applier import Applier
from chassis.consuming.backlog import Backlog
from chassis.consuming.batch import Batch, Subscription
from chassis.consuming.gathering import Gathering
from chassis.consuming.holding import Holding
from chassis.consuming.positions import Positions
from contracts.envelope import Message, Record

HEAVY, LIGHT = TopicPartition("t", 0), TopicPartition("t", 1)
AT = datetime(2027, 1, 1, tzinfo=UTC)


class Desk:
    """A backlog with the objects around it; a record's value is its weight."""

    def __init__(self, full: int = 10, max_weight: int = 100) -> None:
        async def handle(*_: object) -> list[Message]:
            return []

        subscription = Subscription(
            "s",
            ("t",),
            lambda record: int(record.value or b"0"),
            handle,
            handle,
            weigh=lambda weight: weight,
            max_weight=max_weight,
        )
        applier = Applier(subscription, "s", Settings(), None)  # type: ignore[arg-type]
        self.backlog: Backlog[int] = Backlog(full)
        self.holding = Holding(full, lambda attempt: float(attempt))
        self.positions = Positions()
        self.gathering = Gathering(subscription, applier, self.backlog, self.holding, self.positions)
        for partition in (HEAVY, LIGHT):
            self.positions.own(partition, 0, 0)

    def add(self, partition: TopicPartition, weights: Sequence[int]) -> None:
        position = self.positions[partition]
        since = position.scanned
        self.positions.scan(partition, since, since + len(weights))
        self.backlog.add(
            partition,
            [
                Record("t", partition.partition, since + n, AT, None, str(weight).encode())
                for n, weight in enumerate(weights)
            ],
        )

    async def batch(self, now: float = 0.0) -> Batch[int]:
        batch, _ = await self.gathering.gather(now)
        assert batch is not None
        return batch


def spread(batch: Batch[int]) -> dict[TopicPartition, list[int]]:
    return {
        partition: [
            read.record.offset
            for read, tp in zip(batch.reads, batch.partitions, strict=True)
            if tp == partition
        ]
        for partition in batch.since
    }


async def test_a_heavy_partition_takes_no_more_than_its_share() -> None:
    desk = Desk(full=100, max_weight=100)
    desk.add(HEAVY, [30] * 20)
    desk.add(LIGHT, [1] * 50)
    found = spread(await desk.batch())
    assert len(found[HEAVY]) in (2, 3)
    assert len(found[LIGHT]) >= 9


async def test_a_record_that_is_heavier_than_a_batch_goes_alone() -> None:
    desk = Desk(max_weight=100)
    desk.add(HEAVY, [500, 1])
    assert spread(await desk.batch()) == {HEAVY: [0]}
    assert spread(await desk.batch()) == {HEAVY: [1]}


async def test_a_batch_ends_where_its_records_have_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "BATCH_BYTES", 5)
    desk = Desk()
    desk.add(HEAVY, [1111, 2, 3, 44444444])
    assert spread(await desk.batch()) == {HEAVY: [0]}
    assert spread(await desk.batch()) == {HEAVY: [1, 2]}
    assert spread(await desk.batch()) == {HEAVY: [3]}


async def test_batches_follow_on_without_a_break() -> None:
    desk = Desk(full=2)
    desk.add(HEAVY, [1, 1, 1])
    first, second = await desk.batch(), await desk.batch()
    assert (first.since, first.next(), second.since) == ({HEAVY: 0}, {HEAVY: 2}, {HEAVY: 2})


async def test_a_partition_in_trouble_comes_back_alone_and_smaller_while_the_other_goes_on() -> None:
    desk = Desk(full=10)
    desk.add(HEAVY, [1] * 8)
    desk.add(LIGHT, [1] * 30)
    desk.holding.failed(HEAVY, "kafka", "refused", now=0.0, most=2)
    assert set((await desk.batch(now=0.5)).since) == {LIGHT}, "held"
    alone = await desk.batch(now=1.5)
    assert spread(alone) == {HEAVY: [0, 1]}
    assert set((await desk.batch(now=1.5)).since) == {LIGHT}, "in turn"
    desk.holding.succeeded([HEAVY])
    assert len(spread(await desk.batch(now=1.5))[HEAVY]) == 4, "twice as many after a success"


@pytest.mark.parametrize("attempts", [1, 4])
def test_each_failure_waits_longer_and_is_forgotten_by_a_success(attempts: int) -> None:
    holding = Holding(10, lambda attempt: float(attempt))
    for _ in range(attempts):
        holding.failed(HEAVY, "postgres", "away", now=0.0)
    assert holding.next_release(0.0) == attempts
    assert holding.is_held(HEAVY, attempts - 0.1)
    assert not holding.is_held(HEAVY, attempts + 0.1)
    assert holding.succeeded([HEAVY])
    assert holding.current() == {}


def test_records_before_an_unreadable_batch_may_go_on() -> None:
    holding = Holding(10, lambda attempt: float(attempt))
    holding.failed(HEAVY, "log", "checksum", now=0.0, unreadable=True)
    assert holding.is_unread(HEAVY, 0.5)
    assert not holding.is_held(HEAVY, 0.5)
    holding.succeeded([HEAVY])
    assert HEAVY in holding.current(), "what was applied lies before the bad batch"
    assert holding.readable(HEAVY)
    assert holding.current() == {}


def test_a_crowded_partition_does_not_stand_in_the_way_of_polls() -> None:
    desk = Desk(full=10)
    desk.add(HEAVY, [1] * 30)
    assert desk.backlog.is_crowded(HEAVY, paused=False)
    assert not desk.backlog.has_room(set())
    assert desk.backlog.has_room({HEAVY})


async def test_records_that_are_heavy_and_small_do_not_keep_others_from_being_polled() -> None:
    """A partition of which each batch takes only a few would otherwise fill the backlog for a minute."""
    desk = Desk(full=100, max_weight=100)
    desk.add(HEAVY, [60] * 100)
    assert not desk.backlog.is_crowded(HEAVY, paused=False), "nothing is known of their weight yet"
    await desk.batch()
    assert desk.backlog.is_crowded(HEAVY, paused=False)
    assert desk.backlog.has_room({HEAVY})
    while desk.backlog.peek(HEAVY) is not None:
        await desk.batch()
    desk.add(HEAVY, [1] * 100)
    assert not desk.backlog.is_crowded(HEAVY, paused=False), "as quick as any other again"
