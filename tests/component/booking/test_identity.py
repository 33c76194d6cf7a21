"""While Identity is away, commands wait; what it once told is remembered for a while."""

from typing import Any
from uuid import uuid4

import pytest

from chassis.errors import DependencyDown
from contracts.envelope import Record
from services.booking.clients.identity import Directory
from tests.component.booking.desk import Desk
from tests.component.booking.identity import Identity
from tests.support import eventually


@pytest.mark.parametrize("mode", ["error", "hang", "nonsense", "gone"])
async def test_commands_wait_while_identity_is_away_and_are_decided_when_it_is_back(
    desk: Desk, mode: str
) -> None:
    desk.identity.mode = mode
    if mode == "gone":
        await desk.identity.stop()
    commands = [await desk.book(desk.person()) for _ in range(3)]
    [service] = desk.services

    async def is_waiting() -> bool:
        return any("identity" in name for name in (await service.health.report())["waiting"])

    await eventually(is_waiting, 15)
    assert await desk.published("booking.outcomes") == []
    desk.identity.mode = "ok"
    if mode == "gone":
        await desk.identity.start()
    outcomes = await desk.outcomes(*commands, deadline=30)
    assert [outcome["status"] for outcome in outcomes] == ["accepted"] * 3
    assert await desk.published("booking.dead-letters") == []

    async def is_well() -> bool:
        return not (await service.health.report())["waiting"]

    await eventually(is_well, 15)


async def test_whom_identity_refuses_for_good_holds_up_nobody_else(closed_desk: Desk) -> None:
    """The batch is halved until the culprit is alone; it is set aside with its reason, and can be sent back."""
    culprit = closed_desk.person()
    closed_desk.identity.refuses = {culprit}
    commands = [await closed_desk.book(closed_desk.person(), partition=0) for _ in range(7)]
    commands.insert(3, await closed_desk.book(culprit, partition=0))
    await closed_desk.start()
    good = [command for number, command in enumerate(commands) if number != 3]
    outcomes = await closed_desk.outcomes(*good, deadline=60)
    assert [outcome["status"] for outcome in outcomes] == ["accepted"] * 7

    async def set_aside() -> list[Record]:
        return await closed_desk.published("booking.dead-letters")

    [letter] = await eventually(set_aside, 60, 0.2)
    assert letter.header("ce_id") == str(commands[3])
    assert "identity" in str(letter.header("dead-letter-message"))
    [service] = closed_desk.services
    assert not (await service.health.report())["waiting"]


async def test_one_call_for_a_batch_and_none_for_who_is_known(closed_desk: Desk) -> None:
    anna, ben, nobody = closed_desk.person(), closed_desk.person(), uuid4()
    asked = [await closed_desk.book(anna, ben), await closed_desk.book(ben, anna, nobody)]
    await closed_desk.start()
    await closed_desk.outcomes(*asked)
    assert closed_desk.identity.asked == [sorted(map(str, (anna, ben, nobody)))]
    await closed_desk.outcome(await closed_desk.book(anna, ben, nobody))
    assert closed_desk.identity.asked[1:] == [[str(nobody)]], "who is unknown is asked for again"


class Stopwatch:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def directory(identity: Identity) -> Any:
    """A directory of that service, with its clock."""
    clock = Stopwatch()
    found = Directory(identity.url, timeout=1.0, remember_for=300.0, monotonic=clock)
    yield found, clock
    await found.close()


async def test_the_known_are_remembered_for_five_minutes(identity: Identity, directory: Any) -> None:
    people, clock = directory
    user, organization = uuid4(), uuid4()
    identity.add(user, organization)
    assert set(await people.people([user])) == {user}
    clock.now = 299.0
    assert set(await people.people([user])) == {user}
    assert len(identity.asked) == 1
    clock.now = 301.0
    identity.people.clear()
    assert await people.people([user]) == {}, "whom Identity no longer knows is forgotten"
    assert len(people) == 0


@pytest.mark.parametrize("mode", ["error", "hang", "nonsense"])
async def test_no_usable_answer_is_a_dependency_that_is_down(
    identity: Identity, directory: Any, mode: str
) -> None:
    people, _ = directory
    identity.mode = mode
    with pytest.raises(DependencyDown, match="identity"):
        await people.people([uuid4()])
