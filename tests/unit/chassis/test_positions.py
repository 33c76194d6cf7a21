"""A position passes only what a poll has proven to have looked at, and nothing overtakes a failure."""

from datetime import UTC, datetime

from aiokafka import TopicPartition

from chassis.consuming.batch import Batch, Read
from chassis.consuming.positions import Positions, rewound
from contracts.envelope import Record

HERE, THERE = TopicPartition("t", 0), TopicPartition("t", 1)


def batch_of(positions: Positions, partition: TopicPartition, *offsets: int) -> Batch[int]:
    at = datetime(2027, 1, 1, tzinfo=UTC)
    since, *_ = [positions.take(partition, offset) for offset in offsets]
    reads = tuple(Read(Record("t", partition.partition, n, at, None, None), 1, None) for n in offsets)
    return Batch(reads, {partition: since}, (partition,) * len(offsets))


def owning(published: int = 5, applied: int = 8) -> Positions:
    positions = Positions()
    positions.own(HERE, published, applied)
    return positions


def test_a_poll_of_a_partition_of_others_counts_for_nothing() -> None:
    assert owning().scan(THERE, 0, 3) is None


def test_polls_follow_on_without_a_hole() -> None:
    positions = owning()
    assert positions.scan(HERE, 5, 7) is True
    assert positions.scan(HERE, 7, 12) is True


def test_a_hole_between_two_polls_is_never_passed() -> None:
    positions = owning()
    assert positions.scan(HERE, 5, 7) is True
    assert positions.scan(HERE, 9, 12) is False
    assert positions[HERE].scanned == 7


def test_a_poll_from_before_the_take_over_is_no_proof() -> None:
    positions = owning()
    assert positions.scan(HERE, 40, 41) is False


def test_records_taken_follow_on_without_a_break() -> None:
    positions = owning()
    positions.scan(HERE, 5, 10)
    assert batch_of(positions, HERE, 5, 6).since == {HERE: 5}
    assert batch_of(positions, HERE, 9).since == {HERE: 7}


def test_a_failure_goes_back_to_the_first_of_its_batch() -> None:
    positions = owning()
    positions.scan(HERE, 5, 9)
    batch = batch_of(positions, HERE, 5, 6)
    seeks = positions.seeks(batch.since)
    assert positions.rewind(batch.since) == {HERE: 5}
    assert positions.seeks(batch.since) != seeks, "the batch is void"
    assert positions.scan(HERE, 5, 6) is True


def test_a_failure_goes_back_behind_the_markers_before_its_batch() -> None:
    """They are noted together with the record: from its own offset the database would seem to have lost them."""
    positions = owning()
    positions.scan(HERE, 5, 9)
    failed = batch_of(positions, HERE, 8)
    assert positions.rewind(failed.since) == {HERE: 5}
    positions.scan(HERE, 5, 9)
    assert batch_of(positions, HERE, 8).since == {HERE: 5}


def test_a_failure_goes_back_to_records_that_wait_in_no_batch() -> None:
    positions = owning()
    positions.scan(HERE, 5, 9)
    old = batch_of(positions, HERE, 5, 6)
    positions.rewind(old.since)
    positions.scan(HERE, 5, 9)  # 5 to 8 wait again
    assert positions.rewind({HERE: 7}) == {HERE: 5}, "5 and 6 are in no batch: they must be read again"


def test_markers_are_passed_once_everything_before_is_published() -> None:
    positions = owning(5, 5)
    positions.scan(HERE, 5, 8)
    batch = batch_of(positions, HERE, 5)
    positions.step_over(waiting=[])
    assert positions.acked() == {HERE: 5}, "5 is not published yet"
    positions.applied(batch)
    positions.published(batch)
    positions.step_over(waiting=[HERE])
    assert positions.acked() == {HERE: 6}, "something waits there"
    positions.step_over(waiting=[])
    assert positions.acked() == {HERE: 8}
    assert positions.unnoted() == {HERE: 8}


def test_the_next_batch_begins_before_markers_whose_note_may_be_lost() -> None:
    positions = owning(5, 5)
    positions.scan(HERE, 5, 8)
    positions.step_over(waiting=[])
    positions.scan(HERE, 8, 10)
    assert batch_of(positions, HERE, 8).since == {HERE: 5}


def test_the_next_batch_begins_behind_markers_that_are_noted() -> None:
    positions = owning(5, 5)
    positions.scan(HERE, 5, 8)
    positions.step_over(waiting=[])
    positions.noted(positions.unnoted())
    positions.scan(HERE, 8, 9)
    assert batch_of(positions, HERE, 8).since == {HERE: 8}


def test_a_database_that_was_set_back_is_noticed() -> None:
    positions = owning(5, 8)
    assert rewound(positions.kept(), {HERE: 8}) is None
    assert rewound(positions.kept(), {HERE: 9}) is None, "another owner went on"
    assert rewound(positions.kept(), {HERE: 7}) == HERE
    assert rewound(positions.kept(), {}) == HERE, "the row is gone"


def test_a_partition_is_behind_until_the_end_of_its_log_at_the_take_over_is_applied() -> None:
    positions = Positions()
    positions.own(HERE, 5, 5, behind=7)
    positions.scan(HERE, 5, 7)
    assert positions.is_behind(HERE)
    positions.applied(batch_of(positions, HERE, 5, 6))
    assert not positions.is_behind(HERE)
