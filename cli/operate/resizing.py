"""Give all topics of a fleet more partitions while it runs, so that each organization keeps its order.

What was written before is applied and published before a new partition is used: commands over HTTP wait meanwhile. Who
writes to Kafka directly cannot be stopped; their commands are decided all the same, and the database judges.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

from aiokafka.errors import KafkaError

from chassis.configuration.settings import METADATA_AGE_MS, Settings
from chassis.errors import PublishFailed
from chassis.kafka.log import stopped
from chassis.kafka.publisher import Publisher
from chassis.topics import administration
from chassis.topics.draining import Groups, consumer
from contracts.control import IntakePaused
from contracts.envelope import Envelope, Message
from contracts.flows import GROUPS
from contracts.topics import ALL, PROJECTOR_EVENTS

PAUSE_SECONDS = 10  # said anew well before it ends; if we die, commands are taken again after so long
PAUSE_EVERY = 2.0
SETTLE = 1.0  # until every ingress has heard of the pause, and what it had begun to publish is written
LONGEST_CHAIN = 4  # a command, its event, what is told of it, what the views say of that
FORGOTTEN_AFTER = 2 * METADATA_AGE_MS / 1000 + 1.0  # no client of ours believes in the old count any more
LOOK_EVERY = 0.25
QUICKLY = 5.0

T = TypeVar("T")
Say = Callable[[str], None]


class Refused(Exception):
    """Nothing was changed; the message says why."""


@dataclass
class Resized:
    """The counts before, the length of the intake pause, and the services that have not followed yet."""

    partitions: int
    before: dict[str, int] = field(default_factory=dict)
    paused_seconds: float = 0.0
    not_followed: list[str] = field(default_factory=list)


async def resize(settings: Settings, count: int, *, patience: float, say: Say) -> Resized:
    """Give every topic `count` partitions. `patience`: seconds for the fleet to catch up, and again for it to follow.

    Raises Refused, and KafkaError when the broker does; commands are taken again in any case.
    """
    result = Resized(count, await _smaller(settings, count))
    if not result.before:
        return result
    asking = consumer(settings)
    publisher = Publisher(settings, "appointments-cli")
    try:
        await asyncio.gather(asking.start(), publisher.start())
        async with administration.administrator(settings) as admin:
            work = _Resize(settings, Groups(settings, GROUPS, admin, asking), publisher, patience, say)
            await work.run(result)
    finally:
        await asyncio.gather(stopped(asking), publisher.stop())
    return result


async def _smaller(settings: Settings, count: int) -> dict[str, int]:
    """The topics that have fewer, with their counts. Raises Refused where one is absent or has more."""
    found = await administration.describe(settings, ALL)
    absent = [topic.name for topic in ALL if topic not in found]
    if absent:
        raise Refused(f"there is no topic {absent[0]} (create it with: appointments topics --create)")
    largest, actual = max(found.items(), key=lambda pair: pair[1].partitions)
    if actual.partitions > count:
        raise Refused(f"{largest.name} has {actual.partitions} partitions, and Kafka takes none away")
    return {topic.name: one.partitions for topic, one in found.items() if one.partitions < count}


class _Resize:
    def __init__(
        self, settings: Settings, groups: Groups, publisher: Publisher, patience: float, say: Say
    ) -> None:
        self._settings = settings
        self._groups = groups
        self._publisher = publisher
        self._patience = patience
        self._say = say

    async def run(self, result: Resized) -> None:
        self._say("waiting until the fleet has caught up")
        await self._catch_up()
        began = time.monotonic()
        async with self._paused():
            self._say("commands over HTTP wait; waiting until everything before them is applied")
            await asyncio.sleep(SETTLE)
            for _ in range(LONGEST_CHAIN):
                await self._drain(self._patience)
            self._say(f"adding partitions to {len(result.before)} topics")
            await administration.add_partitions(self._settings, list(result.before), result.partitions)
            self._say("waiting until the fleet reads and writes them")
            result.not_followed = await self._followed(result.partitions)
        result.paused_seconds = time.monotonic() - began

    async def _catch_up(self) -> None:
        """Wait, while work goes on, until what is written now is applied quickly: then the pause will be short."""
        until = time.monotonic() + self._patience
        while True:
            began = time.monotonic()
            await self._drain(max(until - began, LOOK_EVERY))
            if time.monotonic() - began < QUICKLY:
                return

    async def _drain(self, patience: float) -> None:
        """Wait until all that is written now is applied and published by everybody. Raises Refused if it does not end."""
        ends = await self._groups.ends()
        behind = await _until_empty(lambda: self._groups.behind(ends), patience)
        if behind:
            raise Refused(
                f"{behind[0]} and does not apply them in time: is that service running, is the partition halted? "
                "Nothing was changed"
            )

    async def _followed(self, count: int) -> list[str]:
        """Groups that have members and not all partitions in time; else none, and nobody uses the old count."""
        missing, _ = await asyncio.gather(
            _until_empty(lambda: self._groups.missing(count), self._patience), asyncio.sleep(FORGOTTEN_AFTER)
        )
        return missing

    @asynccontextmanager
    async def _paused(self) -> AsyncIterator[None]:
        """No ingress takes commands meanwhile."""
        await self._tell(PAUSE_SECONDS)
        repeating = asyncio.create_task(self._repeat())
        try:
            yield
        finally:
            repeating.cancel()
            await asyncio.gather(repeating, return_exceptions=True)
            await self._tell(0)

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_EVERY)
            with suppress(PublishFailed):  # the next one may get through before the pause ends
                await self._tell(PAUSE_SECONDS)

    async def _tell(self, seconds: int) -> None:
        await self._publisher.publish([_pause(seconds)])


def _pause(seconds: int) -> Message:
    envelope = Envelope(id=uuid4(), type="intake.paused", source="appointments/cli")
    body = IntakePaused(seconds=seconds).model_dump_json().encode()
    return envelope.message(
        PROJECTOR_EVENTS.name, body, partition=0
    )  # one partition, so that the last word wins


async def _until_empty(look: Callable[[], Awaitable[list[T]]], patience: float) -> list[T]:
    """Return the result of `look` once it is empty, or its last result after `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            found = await look()
        except KafkaError as error:  # a coordinator that moves; nothing is known until it answers
            if not error.retriable or time.monotonic() >= until:
                raise
        else:
            if not found or time.monotonic() >= until:
                return found
        await asyncio.sleep(LOOK_EVERY)
