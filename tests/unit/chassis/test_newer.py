"""A record that only a newer release can read holds its batch up, and the handler sees nothing else of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from chassis.consuming.batch import Subscription
from chassis.consuming.newer import NeedsNewer, Newer, waits_for_newer
from chassis.database.transactions import Transaction
from chassis.errors import DependencyDown
from contracts.envelope import Message, Record

AT = datetime(2028, 3, 1, tzinfo=UTC)
TX = cast("Transaction", None)


def a_subscription(handled: list[str]) -> Subscription[str]:
    def decode(record: Record) -> str | None:
        if record.value == b"later":
            raise NeedsNewer("it is of a later release")
        return (record.value or b"").decode() or None

    async def handle(tx: Transaction, pairs: Sequence[tuple[Record, str]]) -> list[Message]:
        handled.extend(value for _, value in pairs)
        return []

    return Subscription("test", ("events",), decode, handle, handle, weigh=len)


def read(subscription: Subscription[Any], *values: bytes) -> list[tuple[Record, Any]]:
    records = [Record("events", 2, offset, AT, None, value) for offset, value in enumerate(values)]
    return [(record, found) for record in records if (found := subscription.decode(record)) is not None]


async def test_what_this_release_can_read_is_handled() -> None:
    handled: list[str] = []
    subscription = waits_for_newer(a_subscription(handled))
    pairs = read(subscription, b"one", b"", b"two")
    await subscription.handle(TX, pairs)
    assert handled == ["one", "two"]
    assert subscription.weigh
    assert [subscription.weigh(value) for _, value in pairs] == [3, 3]


async def test_what_it_cannot_read_waits_with_a_reason_that_names_the_record() -> None:
    handled: list[str] = []
    subscription = waits_for_newer(a_subscription(handled))
    pairs = read(subscription, b"one", b"later")
    assert isinstance(pairs[1][1], Newer)
    assert subscription.weigh
    assert subscription.weigh(pairs[1][1]) == 1
    with pytest.raises(DependencyDown, match="a newer release is down: events/2/1: it is of a later release"):
        await subscription.handle(TX, pairs)
    assert handled == []
