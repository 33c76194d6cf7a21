"""The whole service on real Kafka: events in, reminders out at their instant, also through a kill -9."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import text

from chassis.database.migrations import migrate
from chassis.service import Service
from chassis.topics.creation import ensure_topics
from contracts import envelope, topics
from contracts.envelope import Message, rfc3339
from contracts.reminders import Reminder
from services.reminders.main import build
from tests.component.reminders.conftest import settings_of
from tests.support import World, eventually
from tests.unit.reminders.builders import ANN, a_state, a_switch, an_event

USED = (
    topics.BOOKING_COMMANDS,
    topics.BOOKING_EVENTS,
    topics.NOTIFIER_EVENTS,
    topics.REMINDERS_EVENTS,
    topics.dead_letters("reminders"),
    topics.redrive("reminders"),
)
SOON = timedelta(seconds=2)
AT_ONCE = timedelta(milliseconds=500)  # on a busy machine; the benchmark knows better


@pytest.fixture
async def world(cluster: World) -> World:
    """The service's topics and database, empty."""
    settings = settings_of(cluster)
    await ensure_topics(settings, USED)
    await migrate("reminders", settings)
    return cluster


@asynccontextmanager
async def running(world: World, **different: Any) -> AsyncIterator[Service]:
    """The service in this process."""
    service = build(settings_of(world, **different))
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


def soon(due_in: timedelta = SOON) -> datetime:
    """A start whose reminder a minute before is due in that time, on a whole millisecond as the broker's clock is."""
    due = datetime.now(UTC) + due_in
    return due.replace(microsecond=due.microsecond // 1000 * 1000) + timedelta(minutes=1)


def a_minute_before(identity: UUID, start: datetime, version: int = 1, **changed: Any) -> dict[str, Any]:
    """Ann's own appointment, of which she is reminded a minute before."""
    return a_state(identity, version, start, answers={}, settings={"in_app": [1]}, **changed)


async def tell(world: World, *messages: Message, topic: str | None = None) -> None:
    """Publish, each to its own topic unless told otherwise."""
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap)
    await producer.start()
    try:
        for message in messages:
            name = world.topic_prefix + (topic or message.topic)
            await producer.send_and_wait(name, message.value, key=message.key, headers=list(message.headers))
    finally:
        await producer.stop()


async def read(world: World, topic: str = topics.REMINDERS_EVENTS.name) -> list[Any]:
    """All records of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=world.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(world.topic_prefix + topic, number) for number in range(6)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        while not all([await consumer.position(tp) >= ends[tp] for tp in partitions]):
            for batch in (await consumer.getmany(timeout_ms=100)).values():
                records.extend(batch)
        return records
    finally:
        await consumer.stop()


async def reminders(world: World, count: int) -> Sequence[tuple[Any, Reminder]]:
    """Wait for that many reminders."""

    async def enough() -> list[Any]:
        records = await read(world)
        assert len(records) >= count, f"{len(records)} of {count}"
        return records

    records = await eventually(enough, 30, 0.1)
    return [(record, Reminder.model_validate_json(record.value)) for record in records]


async def test_a_new_appointment_reminds_at_its_instant(world: World) -> None:
    identity, start = uuid4(), soon()
    async with running(world):
        await tell(world, an_event("appointment.created", a_minute_before(identity, start)))
        [(record, reminder)] = await reminders(world, 1)
    due = start - timedelta(minutes=1)
    appended = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    assert timedelta(0) <= appended - due < AT_ONCE
    assert (reminder.appointment_id, reminder.due_at) == (identity, due)
    assert envelope.read(record.headers).type == "reminder.due"


async def test_what_was_dead_lettered_can_be_redriven(world: World) -> None:
    event = an_event("appointment.created", a_minute_before(uuid4(), soon()))
    switch = a_switch(uuid4(), 1, sms=True)
    async with running(world) as service:
        await tell(world, event, switch, topic=topics.redrive("reminders").name)
        await reminders(world, 1)
        assert (await service.health.report())["ready"] is True
    assert await read(world, topics.dead_letters("reminders").name) == []


async def test_garbage_is_set_aside_and_its_neighbours_go_on(world: World) -> None:
    good = an_event("appointment.created", a_minute_before(uuid4(), soon()))
    bad = an_event("appointment.created", a_minute_before(uuid4(), soon(), timezone="Mars/Olympus"))
    absurd = an_event(
        "appointment.created", a_minute_before(uuid4(), soon(), start_time="0001-01-01T00:00:00Z")
    )
    async with running(world):
        await tell(world, bad, absurd, good)
        await reminders(world, 1)

        async def aside() -> bool:
            return len(await read(world, topics.dead_letters("reminders").name)) == 2

        await eventually(aside, 20, 0.1)


async def test_a_cancellation_in_time_is_silence(world: World) -> None:
    identity, start = uuid4(), soon()
    async with running(world):
        await tell(
            world,
            an_event("appointment.created", a_minute_before(identity, start)),
            an_event("appointment.cancelled", a_minute_before(identity, start, 2, status="cancelled")),
            an_event("appointment.created", a_minute_before(uuid4(), start + timedelta(milliseconds=300))),
        )
        [(_, reminder)] = await reminders(world, 1)
    assert reminder.appointment_id != identity


async def test_a_replay_over_an_empty_database_says_nothing_of_the_past(world: World) -> None:
    await tell(world, an_event("appointment.created", a_minute_before(uuid4(), soon(-timedelta(hours=2)))))
    async with running(world):
        await tell(world, an_event("appointment.created", a_minute_before(uuid4(), soon())))
        assert len(await reminders(world, 1)) == 1


async def test_a_clean_stop_gives_claimed_timers_back(world: World) -> None:
    start = soon(timedelta(seconds=3))
    async with running(world) as service:
        await tell(world, an_event("appointment.created", a_minute_before(uuid4(), start)))
        await _leased(service, 1)
    async with running(world):
        [(record, _)] = await reminders(world, 1)
    assert datetime.fromtimestamp(record.timestamp / 1000, UTC) - start < timedelta(seconds=-55), (
        "no lease to wait for"
    )


async def test_killed_while_firing_nothing_is_lost(world: World, tmp_path: Path) -> None:
    identities = [uuid4() for _ in range(200)]
    endings = [uuid4() for _ in range(100)]
    start = soon(timedelta(seconds=8))
    events = [
        an_event("appointment.created", a_minute_before(identity, start + timedelta(milliseconds=10 * n)))
        for n, identity in enumerate(identities)
    ]
    end = start - timedelta(minutes=1)
    events += [
        an_event(
            "appointment.confirmed", an_ending(identity, end + timedelta(milliseconds=20 * n), n % 2 == 0)
        )
        for n, identity in enumerate(endings)
    ]
    process = _spawn(world, tmp_path / "first.log")
    try:
        await tell(world, *events)
        await reminders(world, 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    finally:
        process.kill()
    async with running(world, no_show_after_minutes=0):
        await eventually(lambda: _all_said(world, set(identities)), 40, 0.2)
        await eventually(lambda: _all_asked(world, set(endings)), 40, 0.2)
    for topic, count in (
        (topics.REMINDERS_EVENTS.name, len(identities)),
        (topics.BOOKING_COMMANDS.name, len(endings)),
    ):
        by_id: dict[UUID, list[Any]] = {}
        for record in await read(world, topic):
            by_id.setdefault(envelope.read(record.headers).id, []).append((record.value, record.headers))
        assert len(by_id) == count
        assert all(copy == copies[0] for copies in by_id.values() for copy in copies), "copies are the same"


def an_ending(identity: UUID, end: datetime, came: bool) -> dict[str, Any]:
    """Ann's confirmed appointment that ends then, to which she came or did not."""
    start = end - timedelta(hours=1)
    arrived = {str(ANN): rfc3339(start)} if came else {}
    more = {"status": "confirmed", "end_time": rfc3339(end), "checked_in": arrived}
    return a_state(identity, 2, start, answers={}, settings={"in_app": []}, **more)


async def _all_asked(world: World, identities: set[UUID]) -> bool:
    records = await read(world, topics.BOOKING_COMMANDS.name)
    asked = {UUID(orjson.loads(record.value)["appointment_id"]) for record in records}
    assert asked == identities, f"{len(asked)} of {len(identities)}"
    return True


async def _all_said(world: World, identities: set[UUID]) -> bool:
    reminded = {Reminder.model_validate_json(record.value).appointment_id for record in await read(world)}
    assert reminded == identities, f"{len(reminded)} of {len(identities)}"
    return True


async def _leased(service: Service, count: int) -> None:
    async def leased() -> bool:
        async with service.database.transaction() as tx:
            found = await tx.scalar(text("SELECT count(leased_by) FROM timers"))
        return bool(found == count)

    await eventually(leased, 10)


def _spawn(world: World, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "services.reminders"],
            env={**os.environ, **world.environment(), "NO_SHOW_AFTER_MINUTES": "0"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
