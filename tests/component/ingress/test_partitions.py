"""Topics are given more partitions under a running ingress: commands wait, streams go on, new partitions are read."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from chassis.kafka.publisher import partition_of
from chassis.topics import administration
from contracts.control import IntakePaused
from contracts.envelope import Envelope
from contracts.topics import ALL, PROJECTOR_EVENTS
from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress, run_ingress
from tests.component.ingress.test_stream import change, listening
from tests.support import World, eventually

KEY = str(ANNA.organization).encode()
MORE = next(count for count in range(5, 50) if partition_of(KEY, count) >= 2)  # so that Anna's is a new one
NEW = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z", "title": "Review"}


@pytest.fixture
async def growing(cluster: World) -> AsyncIterator[Ingress]:
    """An ingress whose topics the test changes."""
    async with run_ingress(cluster, intake_wait=1.0) as ingress:
        yield ingress


async def pause(ingress: Ingress, seconds: int) -> None:
    """Say it as a resize does, and wait until the ingress has heard it."""
    envelope = Envelope(id=uuid4(), type="intake.paused", source="test")
    body = IntakePaused(seconds=seconds).model_dump_json().encode()
    await ingress.fleet.publisher.publish([envelope.message(PROJECTOR_EVENTS.name, body, partition=0)])
    await eventually(lambda: ingress.runtime.intake.paused == bool(seconds))


async def test_a_paused_ingress_keeps_commands_back_and_lets_reads_go_on(growing: Ingress) -> None:
    await pause(growing, 20)
    refused = await growing.call(ANNA, "POST", "", json=NEW)
    assert (refused.status_code, refused.json()["code"]) == (503, "kafka_unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert growing.fleet.commands == [], "nothing was done"
    assert (await growing.call(ANNA, "GET", "/calendar")).status_code == 200


async def test_a_short_pause_is_waited_for(growing: Ingress) -> None:
    await pause(growing, 20)
    asked = asyncio.create_task(growing.call(ANNA, "POST", "", json=NEW))
    await pause(growing, 0)
    assert (await asked).status_code == 201


async def test_a_pause_that_nobody_ends_ends_by_itself(growing: Ingress) -> None:
    await pause(growing, 1)
    await eventually(lambda: not growing.runtime.intake.paused, 10)
    assert (await growing.call(ANNA, "POST", "", json=NEW)).status_code == 201


async def test_new_partitions_are_read_and_an_open_stream_goes_on(growing: Ingress) -> None:
    async with listening(growing, ANNA) as (listener, first):
        await change(growing)
        seen = (await listener.event())["id"]
        await administration.add_partitions(growing.settings, [topic.name for topic in ALL], MORE)
        await eventually(lambda: partitions_are(growing, MORE), 15)
        await eventually(lambda: reads(growing, MORE), 15)
        for _ in range(3):
            await change(growing)
            assert parts((await listener.event())["id"]) == MORE
    async with listening(growing, ANNA, last=seen) as (again, first):
        missed = [first] if "data" in first else []
        while len(missed) < 3:
            missed.append(await again.event())
        assert all(one["event"] == "calendar.changed" for one in missed)


def reads(ingress: Ingress, count: int) -> bool:
    """Whether the live view tells of so many partitions."""
    live = ingress.runtime.live
    return live is not None and parts(live.vector) == count


def parts(vector: str) -> int:
    """Of how many partitions it tells."""
    return len(vector.split("."))


async def partitions_are(ingress: Ingress, count: int) -> bool:
    """Whether the producer knows of so many."""
    return await ingress.fleet.publisher.partitions(PROJECTOR_EVENTS.name) == count
