"""Turns of reading calendar files: fair between organizations, one file of a person at a time."""

import asyncio
from uuid import UUID

import pytest

from services.ingress.commands.calendar_turns import WAITING_MAX, Turns
from services.ingress.domain.problems import Problem
from tests.support import eventually

NORDLICHT, HARBOR, THIRD = (UUID(int=number) for number in (1, 2, 3))


class Reading:
    """Files that are read until they are released, and the order in which they began."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.began: list[int] = []
        self.ends: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def send(self, person: int, organization: UUID) -> None:
        """Send a file, and let it wait for its turn."""
        self.ends[person] = asyncio.Event()
        self.tasks[person] = asyncio.create_task(self._read(person, organization))
        for _ in range(3):
            await asyncio.sleep(0)

    async def _read(self, person: int, organization: UUID) -> None:
        async with self.turns.turn(UUID(int=person), organization):
            self.began.append(person)
            await self.ends[person].wait()

    async def end(self, person: int) -> None:
        """End one, and wait for what follows."""
        self.ends[person].set()
        await self.tasks[person]
        for _ in range(3):
            await asyncio.sleep(0)


async def test_an_organization_does_not_wait_for_the_many_files_of_another() -> None:
    reading = Reading(Turns(2, 60))
    for person in range(10, 18):
        await reading.send(person, NORDLICHT)
    assert reading.began == [10], "one of each organization"
    await reading.send(1, HARBOR)
    assert reading.began == [10, 1]
    await reading.send(2, THIRD)
    await reading.end(10)
    assert reading.began[2] == 2, "who has waited longest since their last turn"
    await reading.end(1)
    assert reading.began[3] == 11


async def test_a_person_has_one_file_at_a_time() -> None:
    reading = Reading(Turns(2, 60))
    await reading.send(1, HARBOR)
    with pytest.raises(Problem) as refused:
        async with reading.turns.turn(UUID(int=1), HARBOR):
            pass
    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 61
    await reading.end(1)
    async with reading.turns.turn(UUID(int=1), HARBOR):
        pass


async def test_one_who_waits_too_long_is_refused_and_in_nobodys_way() -> None:
    turns = Turns(1, 0.01)
    reading = Reading(turns)
    await reading.send(1, HARBOR)
    with pytest.raises(Problem) as refused:
        async with turns.turn(UUID(int=2), NORDLICHT):
            pass
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
    await reading.end(1)
    async with turns.turn(UUID(int=2), NORDLICHT):
        pass


async def test_one_who_goes_while_waiting_is_in_nobodys_way() -> None:
    reading = Reading(Turns(1, 60))
    await reading.send(1, HARBOR)
    await reading.send(2, NORDLICHT)
    await reading.send(3, NORDLICHT)
    reading.tasks[2].cancel()
    await asyncio.wait([reading.tasks[2]])
    await reading.end(1)
    assert reading.began == [1, 3]
    await reading.end(3)

    async def all_free() -> bool:
        async with reading.turns.turn(UUID(int=2), NORDLICHT):
            return True

    await eventually(all_free)


async def test_no_more_than_so_many_wait() -> None:
    reading = Reading(Turns(1, 60))
    for person in range(WAITING_MAX + 1):
        await reading.send(1_000 + person, UUID(int=person))
    with pytest.raises(Problem) as refused:
        async with reading.turns.turn(UUID(int=1), HARBOR):
            pass
    assert refused.value.status == 503
    for task in reading.tasks.values():
        task.cancel()
    await asyncio.wait(reading.tasks.values())
