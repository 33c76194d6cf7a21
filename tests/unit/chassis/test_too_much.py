"""A batch that is more work than one transaction should hold is applied in smaller ones, in order, at once."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError

from chassis import backoff
from chassis.configuration.settings import Settings
from chassis.consuming import progress
from chassis.consuming.applier import Applier
from chassis.consuming.batch import Batch, Settled, Subscription
from chassis.database.transactions import Transaction
from chassis.dead_letters import store
from chassis.errors import DependencyDown, PublishFailed, TooMuch
from contracts.envelope import Message, Record

PARTITION = TopicPartition("t", 0)


class Transactions:
    """A database that counts its transactions, and those that were given up."""

    def __init__(self) -> None:
        self.committed = 0
        self.given_up = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        try:
            yield Transaction(None)
        except BaseException:
            self.given_up += 1
            raise
        self.committed += 1


@pytest.fixture
def advanced(monkeypatch: pytest.MonkeyPatch) -> list[dict[TopicPartition, int]]:
    """Where the position was advanced to, each time."""
    found: list[dict[TopicPartition, int]] = []

    async def lock(_: Any, __: str, since: dict[TopicPartition, int]) -> progress.Rows:
        at = datetime(2027, 1, 1, tzinfo=UTC)
        return {partition: progress.Row(offset, offset, "c", at) for partition, offset in since.items()}

    async def advance(_: Any, __: str, after: dict[TopicPartition, int], *___: Any) -> None:
        found.append(after)

    async def save(*_: Any) -> None:
        return None

    def at_once(*_: Any) -> float:
        raise AssertionError("nothing failed: there is nothing to wait for")

    monkeypatch.setattr(progress, "lock", lock)
    monkeypatch.setattr(progress, "advance", advance)
    monkeypatch.setattr(store, "save", save)
    monkeypatch.setattr(backoff, "delay", at_once)
    return found


def a_batch(applier: Applier[int], count: int) -> Batch[int]:
    records = [
        Record("t", 0, offset, datetime(2027, 1, 1, tzinfo=UTC), None, None) for offset in range(count)
    ]
    return Batch(tuple(map(applier.read, records)), {PARTITION: 0}, count * (PARTITION,))


async def settled(applier: Applier[int], batch: Batch[int], attempts: int = 0) -> list[Settled[int]]:
    return [part async for part in applier.settle(batch, dict, lambda _: attempts)]


async def test_halves_are_tried_at_once_until_each_is_little_enough(
    advanced: list[dict[TopicPartition, int]],
) -> None:
    sizes: list[int] = []

    async def handle(_: Transaction, items: Sequence[tuple[Record, int]]) -> list[Message]:
        sizes.append(len(items))
        if sum(weight for _, weight in items) > 10 and len(items) > 1:
            raise TooMuch
        return [Message("out", None, str(record.offset).encode(), ()) for record, _ in items]

    weights = [1, 1, 1, 1, 50, 1, 6, 6]
    subscription = Subscription("s", ("t",), lambda record: weights[record.offset], handle, handle)
    database = Transactions()
    applier = Applier(subscription, "booking", Settings(), database)  # type: ignore[arg-type]
    parts = await settled(applier, a_batch(applier, len(weights)))
    assert [message.value for part in parts for message in part.messages] == [
        str(offset).encode() for offset in range(8)
    ]
    assert sizes == [8, 4, 4, 2, 1, 1, 2, 1, 1]
    assert [after[PARTITION] for after in advanced] == [4, 5, 6, 7, 8]
    assert (database.committed, database.given_up) == (5, 4)


async def test_only_a_partition_that_has_failed_before_waits_briefly_for_locks(
    advanced: list[dict[TopicPartition, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []

    async def execute(_: Transaction, statement: Any, __: Any = None) -> list[Any]:
        statements.append(str(statement))
        return []

    async def handle(_: Transaction, __: Sequence[tuple[Record, int]]) -> list[Message]:
        statements.append("handle")
        return []

    monkeypatch.setattr(Transaction, "execute", execute)
    subscription = Subscription("s", ("t",), lambda _: 1, handle, handle)
    applier = Applier(subscription, "booking", Settings(), Transactions())  # type: ignore[arg-type]
    for attempts, expected in ((0, 1), (1, 2)):
        statements.clear()
        await settled(applier, a_batch(applier, 2), attempts)
        assert len(statements) == expected
        assert statements[-1] == "handle"
    assert "lock_timeout" in statements[0]
    assert len(advanced) == 2


@pytest.mark.parametrize(
    "error", [PublishFailed("not connected"), KafkaConnectionError(), KafkaTimeoutError()], ids=repr
)
@pytest.mark.parametrize("count", [1, 8])
async def test_no_record_is_to_blame_for_a_kafka_that_does_not_answer_its_handler(
    advanced: list[dict[TopicPartition, int]], error: Exception, count: int
) -> None:
    async def handle(_: Transaction, __: Sequence[tuple[Record, int]]) -> list[Message]:
        raise error

    subscription = Subscription("s", ("t",), lambda _: 1, handle, handle)
    applier = Applier(subscription, "booking", Settings(), Transactions())  # type: ignore[arg-type]
    [part] = await settled(applier, a_batch(applier, count))
    assert isinstance(part.error, DependencyDown)
    assert (part.error.dependency, advanced) == ("kafka", [])


async def test_a_record_that_is_set_aside_commits_nothing_of_the_handler_that_failed_on_it(
    advanced: list[dict[TopicPartition, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    committed: list[int] = []

    async def handle(_: Transaction, items: Sequence[tuple[Record, int]]) -> list[Message]:
        if any(weight < 0 for _, weight in items):
            raise ValueError("poison")
        return []

    weights = [-1, 1]
    subscription = Subscription(
        "s",
        ("t",),
        lambda record: weights[record.offset],
        handle,
        handle,
        committed=lambda: committed.append(1),
    )
    monkeypatch.setattr(backoff, "delay", lambda *_: 0.0)
    applier = Applier(subscription, "booking", Settings(), Transactions())  # type: ignore[arg-type]
    parts = await settled(applier, a_batch(applier, len(weights)))
    assert [part.error for part in parts] == [None, None]
    assert [after[PARTITION] for after in advanced] == [1, 2]
    assert committed == [1], "only the record that was handled"
