"""A topic that somebody else made or changed: no service decides by it, and each goes on when it is mended."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.database.migrations import prepare
from chassis.topics import administration
from chassis.topics.creation import ensure_topics
from chassis.topics.drift import TIMESTAMP
from contracts import topics
from deploy.local.ports import free_port
from tests.faults.driver import Process, settings_of
from tests.faults.fleet import ask
from tests.support import World, eventually

POSITIONS = "SELECT topic FROM progress"
SENTENCE = (
    "topic booking.commands has message.timestamp.type=CreateTime and needs LogAppendTime: the writer's clock would be "
    "the decision time (remedy: appointments topics --fix)"
)


@pytest.fixture
async def booking(cluster: World, tmp_path: Path) -> AsyncIterator[Process]:
    """Booking beside a booking.commands that keeps its writers' time."""
    settings = settings_of(cluster)
    await ensure_topics(settings)
    await prepare("booking", settings)
    await administration.set_settings(settings, {topics.BOOKING_COMMANDS.name: {TIMESTAMP: "CreateTime"}})
    process = _start(cluster, tmp_path / "booking.log")
    yield process
    process.popen.kill()
    process.popen.wait()


def _start(world: World, log: Path) -> Process:
    port = free_port()
    environment = os.environ | world.environment() | {"HEALTH_PORT": str(port)}
    argv = [sys.executable, "-m", "services.booking"]
    with log.open("wb") as out:
        return Process(
            subprocess.Popen(argv, env=environment, stdout=out, stderr=subprocess.STDOUT), port, log
        )


async def test_booking_decides_nothing_by_its_writers_clock(cluster: World, booking: Process) -> None:
    settings = settings_of(cluster)

    async def looked_twice() -> bool:
        return booking.log.read_text().count("a topic breaks a guarantee") > 1

    await eventually(looked_twice, 60)
    health = await booking.health()
    assert (health["live"], health["ready"], health["reasons"]) == (True, False, {"topics": SENTENCE})
    assert await ask(cluster, "booking", POSITIONS) == [], "no partition was taken over"

    await administration.set_settings(settings, {topics.BOOKING_COMMANDS.name: {TIMESTAMP: "LogAppendTime"}})
    await booking.ready(60)
    taken = {row["topic"] for row in await ask(cluster, "booking", POSITIONS)}
    assert cluster.topic_prefix + topics.BOOKING_COMMANDS.name in taken
