"""Whose records are whose: what was drawn before a seek must not be taken for what follows after it."""

from datetime import UTC, datetime

from aiokafka import TopicPartition

from chassis.positions import Positions
from contracts.envelope import Record

HERE, THERE = TopicPartition("t", 0), TopicPartition("t", 1)


def drawn(partition: TopicPartition, *offsets: int) -> list[tuple[TopicPartition, Record]]:
    at = datetime(2027, 1, 1, tzinfo=UTC)
    return [(partition, Record("t", partition.partition, offset, at, None, None)) for offset in offsets]


def owning(published: int = 5, applied: int = 8) -> Positions:
    positions = Positions()
    positions.own(HERE, published, applied)
    positions.stamp()
    return positions


def test_records_of_others_are_dropped() -> None:
    assert owning().accept(drawn(THERE, 1, 2)) is None


def test_accepted_records_follow_on_without_a_break() -> None:
    positions = owning()
    first = positions.accept(drawn(HERE, 5, 6))
    second = positions.accept(drawn(HERE, 9))
    assert first is not None
    assert second is not None
    assert (first.since, second.since) == ({HERE: 5}, {HERE: 7})


def test_what_was_drawn_before_a_seek_is_dropped_after_it() -> None:
    positions = owning()
    batch = positions.accept(drawn(HERE, 5, 6))
    assert batch is not None
    positions.stamp()  # 7 and 8 are drawn ...
    assert positions.rewind(batch.first()) == {HERE: 5}  # ... and then a publish fails
    assert positions.accept(drawn(HERE, 7, 8)) is None
    positions.stamp()
    again = positions.accept(drawn(HERE, 5, 6))
    assert again is not None
    assert again.since == {HERE: 5}


def test_what_was_drawn_before_the_take_over_is_dropped() -> None:
    positions = Positions()
    positions.stamp()
    positions.own(HERE, 5, 8)
    assert positions.accept(drawn(HERE, 40)) is None


def test_the_earlier_of_two_failures_wins() -> None:
    positions = owning()
    one, two = positions.accept(drawn(HERE, 5)), positions.accept(drawn(HERE, 6))
    assert one is not None
    assert two is not None
    before = positions.seeks(two)
    assert positions.rewind(one.first()) == {HERE: 5}
    assert positions.seeks(two) != before, "the second must not be published"
    assert positions.rewind(two.first()) == {HERE: 5}


def test_lag_counts_what_is_not_applied() -> None:
    positions = owning(published=5, applied=8)
    assert positions.lags({HERE: 20, THERE: 9}) == {HERE: 12}
    positions.accept(drawn(HERE, 5, 6, 7, 8))
    positions.step_over(HERE, 20)
    assert positions.lags({HERE: 20}) == {HERE: 0}


def test_only_what_is_published_is_noted() -> None:
    positions = owning()
    batch = positions.accept(drawn(HERE, 5, 6))
    assert batch is not None
    positions.applied(batch)
    assert positions.unnoted() == {}
    positions.published(batch)
    assert positions.unnoted() == {HERE: 7}
    positions.noted({HERE: 7})
    assert positions.unnoted() == {}


def test_a_partition_given_up_is_forgotten() -> None:
    positions = owning()
    batch = positions.accept(drawn(HERE, 5))
    assert batch is not None
    positions.disown(HERE)
    positions.published(batch)
    assert positions.acked() == {}
    assert positions.rewind(batch.first()) == {}


def test_a_database_that_knows_less_than_was_committed_was_restored() -> None:
    positions = owning(published=5, applied=8)
    assert positions.rewound({HERE: 8}) is None
    assert positions.rewound({HERE: 7}) == HERE
    positions.own(HERE, 5, 5)
    positions.stamp()
    batch = positions.accept(drawn(HERE, 5, 6))
    assert batch is not None
    positions.applied(batch)
    assert positions.rewound({HERE: 6}) == HERE


def test_transaction_markers_that_were_stepped_over_are_nothing_that_the_database_lost() -> None:
    positions = owning(published=8, applied=8)
    positions.step_over(HERE, 12)
    assert positions.rewound({HERE: 8}) is None
    positions.noted({HERE: 12})
    assert positions.rewound({HERE: 8}) == HERE


def test_partitions_of_others_say_nothing_of_a_restore() -> None:
    assert owning().rewound({THERE: 0}) is None
