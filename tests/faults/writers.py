"""People who book without a pause, over HTTP and over Kafka, and one who watches; each remembers what was acknowledged."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
from aiokafka import AIOKafkaProducer

from contracts.envelope import Envelope
from contracts.topics import BOOKING_COMMANDS
from tests.e2e.user import User
from tests.support import World

MONDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=30)
HALF_HOUR = timedelta(minutes=30)
PACE = 0.5  # seconds: the notifier, which runs at the lowest priority, must keep up on a busy machine


def slots() -> Iterator[dict[str, Any]]:
    """Half hours one after the other: whoever uses one iterator never stands in their own way."""
    for number in itertools.count():
        start = MONDAY + number * HALF_HOUR
        yield {
            "title": f"Half hour {number}",
            "start_time": start.isoformat(),
            "end_time": (start + HALF_HOUR).isoformat(),
            "participant_ids": [],
        }


@dataclass
class Watcher:
    """One open stream of a person; `seen` are the appointments that it told of."""

    user: User
    seen: set[str] = field(default_factory=set)
    ended: str | None = None

    async def run(self, opened: asyncio.Event) -> None:
        """Read until cancelled; never comes back by itself."""
        headers, timeout = self.user.http.headers, httpx.Timeout(20, read=60)
        try:
            async with (
                httpx.AsyncClient(base_url=self.user.http.base_url, headers=headers, timeout=timeout) as http,
                http.stream("GET", "/stream") as response,
            ):
                assert response.status_code == 200
                opened.set()
                async for line in response.aiter_lines():
                    name, _, value = line.partition(":")
                    if name == "data" and "appointment_id" in value:
                        self.seen.add(orjson.loads(value)["appointment_id"])
            self.ended = "the stream ended"
        except (httpx.HTTPError, AssertionError) as error:
            self.ended = repr(error)


@dataclass
class Booker:
    """Books one half hour after the other over HTTP and renames it; what is not taken is sent again."""

    user: User
    versions: dict[str, int] = field(default_factory=dict)
    refused: list[httpx.Response] = field(default_factory=list)

    async def run(self) -> None:
        """Until cancelled."""
        for slot in slots():
            made = await self._until_done("POST", "", slot)
            self.versions[made["id"]] = made["version"]
            changed = await self._until_done("PATCH", f"/{made['id']}", {"title": "Renamed"})
            self.versions[made["id"]] = changed["version"]
            await asyncio.sleep(PACE)

    async def _until_done(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Idempotency-Key": str(uuid4())}
        while True:
            answer = await self.user.http.request(method, path, json=body, headers=headers)
            if answer.status_code in (200, 201):
                return dict(answer.json())
            assert answer.status_code in (202, 503), answer.text
            self.refused.append(answer)
            await asyncio.sleep(float(answer.headers["Retry-After"]) / 4)  # a client's own pace


@dataclass
class KafkaWriter:
    """Sends creates straight to the topic, each acknowledged before the next, without waiting for outcomes."""

    world: World
    user: User
    acknowledged: set[UUID] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.world.bootstrap, enable_idempotence=True, metadata_max_age_ms=1_000
        )
        await producer.start()
        try:
            for slot in slots():
                await self._send(producer, slot)
        finally:
            await producer.stop()

    async def _send(self, producer: AIOKafkaProducer, body: dict[str, Any]) -> None:
        head = Envelope(
            id=uuid4(),
            type="appointment.create",
            organization=UUID(self.user.organization),
            actor=self.user.id,
        )
        message = head.message(BOOKING_COMMANDS.name, orjson.dumps(body))
        await producer.send_and_wait(
            self.world.topic_prefix + message.topic, message.value, message.key, headers=list(message.headers)
        )
        self.acknowledged.add(head.id)
        await asyncio.sleep(PACE)


@asynccontextmanager
async def working(*workers: Booker | KafkaWriter) -> AsyncIterator[None]:
    """They work meanwhile; an error of one fails the test."""
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        failed = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
    assert not failed, failed
