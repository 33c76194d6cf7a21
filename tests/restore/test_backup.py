"""A backup alone, without `rebuild --forward`: booking decides again all that came since, each partition in its order."""

from collections import Counter, defaultdict
from functools import partial
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import orjson
import pytest

from chassis.kafka.publisher import partition_of
from contracts import topics
from contracts.envelope import Headers
from contracts.ids import uuid5
from tests.component.booking.conftest import closed_desk, identity
from tests.component.booking.desk import Desk
from tests.restore.drill import copied, database_of, empty, lost, rebuilt, restored, state_of
from tests.restore.scenario import DAY, MONDAY_9, Morning
from tests.support import eventually

__all__ = ["closed_desk", "identity"]
PARTITIONS = 6
Content: TypeAlias = tuple[str, bytes | None, bytes | None, Headers]


@pytest.fixture
async def morning(closed_desk: Desk) -> Morning:
    """One appointment, and a backup of that time; booking runs."""
    found = Morning(closed_desk)
    await closed_desk.start()
    await found.book("lea", at=MONDAY_9 + 90 * DAY)
    await found.decided()
    await closed_desk.stop()
    await copied(closed_desk, "backup")
    await closed_desk.start()
    return found


def home_of(desk: Desk) -> int:
    return partition_of(str(desk.organization).encode(), PARTITIONS)


async def decide_again(desk: Desk, last: int) -> None:
    """The backup is restored, and booking reads the log to its end: the partition `last` after all the others."""
    await restored(desk, f"{desk.settings.database_url}_backup")
    own = await sql(desk, f"SELECT cluster_id FROM progress WHERE partition = {last}")
    for cluster in ("held back", own[0][0]):
        await sql(desk, f"UPDATE progress SET cluster_id = '{cluster}' WHERE partition = {last}")
        await desk.start()
        wanted = [number for number in range(PARTITIONS) if number != last or cluster != "held back"]
        await eventually(partial(is_read, desk, wanted), 60, interval=0.2)
        await desk.stop()


async def is_read(desk: Desk, partitions: list[int]) -> bool:
    """Whether booking has applied all commands on these partitions."""
    rows = await sql(desk, "SELECT partition, next_offset FROM progress WHERE topic LIKE '%booking.commands'")
    positions = dict(rows)
    ends = Counter(one.partition for one in await desk.published(topics.BOOKING_COMMANDS.name))
    return all(positions.get(number, 0) == ends[number] for number in partitions)


async def sql(desk: Desk, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(database_of(desk))
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def told(desk: Desk) -> dict[str, set[Content]]:
    """Everything that booking published, by its id; byte-identical copies count once."""
    found = defaultdict(set)
    for topic in (topics.BOOKING_EVENTS.name, topics.BOOKING_OUTCOMES.name):
        for one in await desk.published(topic):
            found[one.header("ce_id") or ""].add((one.topic, one.key, one.value, one.headers))
    return found


def codes(contents: set[Content]) -> set[Any]:
    return {orjson.loads(value or b"")["code"] for _, _, value, _ in contents}


async def test_of_commands_that_compete_by_different_partitions_the_other_one_may_win(
    morning: Morning,
) -> None:
    desk = morning.desk
    await morning.book("anna", at=MONDAY_9)
    await morning.decided()
    await morning.book("anna", at=MONDAY_9, partition=(home_of(desk) + 1) % PARTITIONS)
    assert [one["code"] for one in (await morning.decided())[-2:]] == [None, "conflict"]
    await desk.stop()
    before = await told(desk)
    winner, loser = morning.asked[-2:]

    await decide_again(desk, last=home_of(desk))
    after = await told(desk)
    two_contents = {identifier for identifier, contents in after.items() if len(contents) > 1}
    assert two_contents == {str(uuid5(command, "outcome")) for command in (winner, loser)}
    assert [codes(after[identifier]) for identifier in two_contents] == [{None, "conflict"}] * 2
    assert after.keys() - before.keys() == {str(uuid5(loser, "1"))}, "the event of the one that wins now"
    anna = str(morning["anna"])
    [occupied] = [row for row in (await state_of(database_of(desk)))["occupancy"] if anna in row]
    assert str(uuid5(loser, "appointment")) in occupied, "nobody is booked twice, the database says by whom"

    # A rebuild believes the newest outcomes, so that it comes to what the database has.
    stands = await state_of(database_of(desk))
    await lost(desk)
    await empty(desk.settings)
    summary = await rebuilt(desk)
    assert [one for one in summary["unknown"] if one.startswith("1 event ")]
    found = await state_of(database_of(desk))
    assert (found["appointments"], found["occupancy"]) == (stands["appointments"], stands["occupancy"])
    assert found["decisions"] == stands["decisions"]


async def test_two_organizations_that_used_one_id_keep_their_keys(morning: Morning) -> None:
    desk = morning.desk
    identifier = uuid4()
    await morning.book("anna", at=MONDAY_9, command_id=identifier)
    await morning.decided()
    own = home_of(desk)
    while home_of(desk) == own:
        desk.organization = uuid4()
    await morning.book("olga", at=MONDAY_9, command_id=identifier)
    await eventually(lambda: two_outcomes(desk, identifier), 30)
    await desk.stop()
    before = await told(desk)
    assert {str(uuid5(identifier, "outcome")), str(uuid5(identifier, "1"))} <= before.keys()

    await decide_again(desk, last=own)
    assert await told(desk) == before, "byte-identical copies alone, although Olga's command was read first"
    assert len(await desk.published(topics.BOOKING_OUTCOMES.name)) > 3, "there are some"


async def two_outcomes(desk: Desk, command: Any) -> bool:
    outcomes = [orjson.loads(one.value or b"") for one in await desk.published(topics.BOOKING_OUTCOMES.name)]
    return [one["command_id"] for one in outcomes].count(str(command)) == 2
