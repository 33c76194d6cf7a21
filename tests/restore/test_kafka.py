"""Kafka is gone, or comes back as it was earlier: partitions halt, and go on where the runbook says."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from chassis.topics.creation import ensure_topics
from cli.dead_letters.actions import operator
from contracts import topics
from contracts.ids import uuid5
from tests.component.booking.conftest import identity
from tests.component.booking.desk import NOON, USED, Desk, open_desk
from tests.component.booking.identity import Identity
from tests.faults.test_logs import flip_in
from tests.restore.drill import command_line
from tests.support import eventually
from tests.support.stack import OwnStack, run_own_stack

__all__ = ["identity"]
DAY_LATER = NOON.replace(hour=20)


@pytest.fixture(scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[OwnStack, Path]]:
    """A private Kafka and PostgreSQL, and the folder of Kafka's data."""
    home = tmp_path_factory.mktemp("own")
    async with run_own_stack(home) as stack:
        yield stack, home / "kafka"


@pytest.fixture
async def desk(servers: tuple[OwnStack, Path], identity: Identity) -> AsyncIterator[Desk]:
    """Booking on the private servers, at work."""
    stack, _ = servers
    await stack.heal()
    async with open_desk(stack.world(), identity) as desk:
        await desk.start()
        yield desk


async def again(desk: Desk, identity: Identity, servers: tuple[OwnStack, Path]) -> None:
    """A new producer: the old one knows the broker that is gone."""
    del identity, servers
    await desk.producer.stop()
    desk.producer = type(desk.producer)(bootstrap_servers=desk.settings.kafka_bootstrap_servers, linger_ms=2)
    await desk.producer.start()


async def halted(desk: Desk) -> list[str]:
    """Start booking; the reasons for which its partitions are halted, and then stop it."""
    service = await desk.start()
    report = await service.health.report()
    await desk.stop()
    return [one["reason"] for one in report["halted"]]


async def progress(desk: Desk, *arguments: str) -> object:
    """`appointments progress …`; what it printed, read."""
    answer = await command_line(desk, "progress", *arguments)
    assert answer.returncode in (0, 1), answer.stdout + answer.stderr
    return orjson.loads(answer.stdout.splitlines()[0]) if answer.stdout else answer.stderr


async def set_by_hand(desk: Desk) -> list[dict[str, Any]]:
    """The positions that were set, as `progress show` has them."""
    stands = await progress(desk, "show", "booking")
    assert isinstance(stands, list)
    return [stand["by_hand"] for stand in stands if stand["by_hand"]]


async def test_kafka_is_gone(desk: Desk, servers: tuple[OwnStack, Path], identity: Identity) -> None:
    stack, data = servers
    anna = desk.person()
    first = await desk.outcome(await desk.book(anna))
    assert first["status"] == "accepted"
    await desk.stop()
    await stack.broker.stop()
    shutil.rmtree(data)
    await stack.broker.start_ready(90)
    await ensure_topics(desk.settings, USED)
    await again(desk, identity, servers)

    reasons = await halted(desk)
    assert len(reasons) == 12
    assert all("another Kafka cluster" in reason for reason in reasons)
    waiting = await desk.book(anna, at=NOON)  # taken meanwhile: it meets what the old cluster's log had
    stands = await progress(desk, "show", "booking")
    assert isinstance(stands, list)
    assert all("another Kafka cluster" in stand["halted"] for stand in stands)
    assert [stand["by_hand"] for stand in stands] == [None] * 12
    done = await progress(
        desk, "set", "booking", "--to", "start", "--reason", "a new cluster, see the report"
    )
    assert isinstance(done, dict)
    assert (len(done["set"]), done["reason"]) == (12, "a new cluster, see the report")
    by_hand = await set_by_hand(desk)
    assert [(one["reason"], one["next_offset"], one["by"]) for one in by_hand] == [
        ("a new cluster, see the report", 0, operator())
    ] * 12

    service = await desk.start()
    assert (await desk.outcome(waiting))["code"] == "conflict", (
        "the database is the truth about what was decided"
    )
    assert (await desk.outcome(await desk.book(anna, at=DAY_LATER)))["status"] == "accepted"
    assert (await service.health.report())["halted"] == []
    nothing = await command_line(desk, "progress", "set", "booking", "--to", "end", "--reason", "by mistake")
    assert (nothing.returncode, "no partition" in nothing.stderr) == (1, True), nothing.stderr


async def test_kafka_comes_back_as_it_was_earlier(
    desk: Desk, servers: tuple[OwnStack, Path], identity: Identity, tmp_path: Path
) -> None:
    stack, data = servers
    anna = desk.person()
    await desk.outcome(await desk.book(anna))
    await desk.stop()
    await stack.broker.stop()
    shutil.copytree(data, tmp_path / "earlier")
    await stack.broker.start_ready(90)
    await again(desk, identity, servers)
    await desk.start()
    await desk.outcome(await desk.book(anna, at=DAY_LATER))
    await desk.stop()
    await stack.broker.stop()
    shutil.rmtree(data)
    shutil.copytree(tmp_path / "earlier", data)
    await stack.broker.start_ready(90)
    await again(desk, identity, servers)

    [reason] = await halted(desk)
    assert "the log ends at 1, before the applied offset 2" in reason
    outside = await command_line(
        desk, "progress", "set", "booking", "--to", "7", "--reason", "a slip of the finger"
    )
    assert outside.returncode == 2, outside.stdout + outside.stderr
    dry = await progress(desk, "set", "booking", "--to", "end", "--reason", "restored", "--dry-run")
    assert len(await halted(desk)) == 1, "a dry run sets nothing"
    assert await set_by_hand(desk) == [], "and notes nothing"
    done = await progress(desk, "set", "booking", "--to", "end", "--reason", "restored")
    assert isinstance(dry, dict)
    assert isinstance(done, dict)
    assert dry["set"] == done["set"]
    assert [(one["next_offset"], one["new_next_offset"]) for one in done["set"]] == [(2, 1)]

    service = await desk.start()
    late = await desk.book(anna, at=DAY_LATER)
    assert (await desk.outcome(late))["code"] == "conflict", (
        "what the log has lost still stands in the database"
    )

    async def ready() -> bool:
        return bool((await service.health.report())["ready"])

    await eventually(ready, 30)
    assert len(await desk.published(topics.BOOKING_COMMANDS.name)) == 2


async def test_a_damaged_batch_is_left_behind(
    desk: Desk, servers: tuple[OwnStack, Path], identity: Identity
) -> None:
    stack, data = servers
    anna = desk.person()
    await desk.outcome(await desk.book(anna))
    await desk.stop()
    lost = await desk.book(anna, at=DAY_LATER)
    [place] = {
        (record.partition, record.offset)
        for record in await desk.published(topics.BOOKING_COMMANDS.name)
        if record.header("ce_id") == str(lost)
    }
    await stack.broker.stop()
    flip_in(data / f"{desk.settings.topic_prefix}{topics.BOOKING_COMMANDS.name}-{place[0]}", batch=-1)
    await stack.broker.start_ready(90)
    await again(desk, identity, servers)

    service = await desk.start()

    async def says_where() -> bool:
        reasons = [one["reason"] for one in (await service.health.report())["halted"]]
        return any(f"the next one begins at {place[1] + 1}" in reason for reason in reasons)

    await eventually(says_where, 30)
    await desk.stop()
    story = await command_line(desk, "trace", str(uuid5(lost, "appointment")))
    assert (story.returncode, "the log is damaged" in story.stderr) == (1, True), story.stderr
    stands = await progress(desk, "show", "booking")
    assert isinstance(stands, list)
    assert [stand["partition"] for stand in stands if stand["halted"]] == [place[0]]
    done = await progress(
        desk, "set", "booking", "--to", str(place[1] + 1), "--reason", "damaged on all replicas"
    )
    assert isinstance(done, dict)
    assert [(one["next_offset"], one["new_next_offset"]) for one in done["set"]] == [(place[1], place[1] + 1)]
    [by_hand] = await set_by_hand(desk)
    assert (by_hand["reason"], by_hand["next_offset"]) == ("damaged on all replicas", place[1] + 1)
    await desk.start()
    behind = await desk.book(anna, at=DAY_LATER)
    assert (await desk.outcome(behind))["status"] == "accepted", (
        "the time that the lost command asked for is free"
    )
