"""Deliveries are looked at right before their calls; the looks of many calls share a query."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from services.notifier.sending import looking
from services.notifier.sending.looking import Looker
from services.notifier.store import checked


class Table:
    """A database whose queries wait until they may go on; `state` is what it has at that time."""

    def __init__(self) -> None:
        self.state = "before"
        self.asked: list[set[UUID]] = []
        self.may_go_on = asyncio.Event()
        self.fails = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    async def look(self, _: Any, ids: Sequence[UUID]) -> list[Any]:
        self.asked.append(set(ids))
        state = self.state
        await self.may_go_on.wait()
        if self.fails:
            raise ValueError("no such column")
        return [SimpleNamespace(delivery=SimpleNamespace(id=one), state=state) for one in ids if one.int]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    found = Table()
    monkeypatch.setattr(checked, "look", found.look)
    return found


def looker(table: Table) -> Looker:
    return Looker(cast("Any", table))


async def looks(found: Looker, *numbers: int) -> list["asyncio.Task[list[Any]]"]:
    """Begin a look for each of these deliveries."""
    tasks = [asyncio.create_task(found.look([UUID(int=number)])) for number in numbers]
    await asyncio.sleep(0)
    return tasks


async def test_many_calls_share_a_query_and_are_told_what_is_true_when_it_begins(table: Table) -> None:
    found = looker(table)
    first = await looks(found, 1)
    later = await looks(found, *range(2, 65))
    assert table.asked == [{UUID(int=1)}], "one at a time"
    table.state = "after"
    table.may_go_on.set()
    answers = await asyncio.gather(*first, *later)
    assert [len(ids) for ids in table.asked] == [1, 63]
    assert [one.state for [one] in answers] == ["before"] + 63 * ["after"]
    assert [one.delivery.id.int for [one] in answers] == [*range(1, 65)]


async def test_what_is_in_the_queue_no_more_is_left_out(table: Table) -> None:
    table.may_go_on.set()
    assert await looker(table).look([UUID(int=0)]) == []


async def test_a_query_is_bounded(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST", 10)
    found = looker(table)
    tasks = await looks(found, *range(1, 27))
    table.may_go_on.set()
    assert [len(one) for one in await asyncio.gather(*tasks)] == 26 * [1]
    assert [len(ids) for ids in table.asked] == [1, 10, 10, 5]


async def test_an_error_is_each_callers_own_and_the_next_look_asks_again(table: Table) -> None:
    found = looker(table)
    table.fails = True
    tasks = await looks(found, 1, 2)
    table.may_go_on.set()
    assert [str(error) for error in await asyncio.gather(*tasks, return_exceptions=True)] == 2 * [
        "no such column"
    ]
    table.fails = False
    [one] = await found.look([UUID(int=1)])
    assert cast("Any", one).state == "before"
