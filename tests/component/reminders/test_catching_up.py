"""Timers that fell due during an outage fire only once all events of the meantime are read."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from chassis import clock
from chassis.configuration.settings import service_database_url
from chassis.database.transactions import Database
from chassis.service import Service
from contracts.envelope import Message
from tests.component.reminders.conftest import settings_of
from tests.component.reminders.test_service import a_minute_before, reminders, running, soon, world
from tests.support import World, eventually
from tests.unit.reminders.builders import an_event

__all__ = ["world"]

BACKLOG = 1_500  # events in front of the cancellation: several batches
DUE_IN = timedelta(seconds=4)
TABLES = ("progress", "timers", "appointments")


async def test_a_cancellation_that_lies_unread_is_honoured(world: World) -> None:
    called_off, kept, start = uuid4(), uuid4(), soon(DUE_IN)
    async with running(world) as service:
        await _tell(world, _created(called_off, start), _created(kept, start))
        await _pending(service, 2)
    await _tell(world, *_backlog(), _cancelled(called_off, start))
    await _past(start)
    async with running(world):
        [(_, reminder)] = await reminders(world, 1)
        assert reminder.appointment_id == kept
        assert {reminder.appointment_id for _, reminder in await _when_all_is_read(world, 1)} == {kept}


async def test_a_cancellation_that_a_restored_database_has_forgotten_is_read_again_first(
    world: World,
) -> None:
    called_off, kept, start = uuid4(), uuid4(), soon(DUE_IN)
    async with running(world) as service:
        await _tell(world, _created(called_off, start), _created(kept, start))
        await _pending(service, 2)
        await _back_up(service.database)
        await _tell(world, *_backlog(), _cancelled(called_off, start))
        await _withdrawn(service, called_off)
    await _restore(world)
    await _past(start)
    async with running(world):
        assert {reminder.appointment_id for _, reminder in await _when_all_is_read(world, 1)} == {kept}


async def _back_up(database: Database) -> None:
    async with database.transaction() as tx:
        for table in TABLES:
            await tx.driver.execute(f"CREATE TABLE copy_of_{table} AS TABLE {table}")


async def _restore(world: World) -> None:
    async with _database(world) as database, database.transaction() as tx:
        for table in TABLES:
            await tx.driver.execute(f"TRUNCATE {table}; INSERT INTO {table} TABLE copy_of_{table}")


@asynccontextmanager
async def _database(world: World) -> AsyncIterator[Database]:
    url = service_database_url(settings_of(world), "reminders")
    database = Database(url, application_name="test")
    try:
        yield database
    finally:
        await database.dispose()


def _created(identity: UUID, start: datetime) -> Message:
    return an_event("appointment.created", a_minute_before(identity, start))


def _cancelled(identity: UUID, start: datetime) -> Message:
    return an_event("appointment.cancelled", a_minute_before(identity, start, 2, status="cancelled"))


def _backlog() -> Sequence[Message]:
    later = clock.now() + timedelta(days=30)
    return [_created(uuid4(), later) for _ in range(BACKLOG)]


async def _tell(world: World, *messages: Message) -> None:
    """Publish all at once, in their order."""
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap)
    await producer.start()
    try:
        sent = [
            await producer.send(
                world.topic_prefix + one.topic, one.value, key=one.key, headers=list(one.headers)
            )
            for one in messages
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _pending(service: Service, count: int) -> None:
    """Wait until so many timers are to fire within the next minutes."""
    query = text("SELECT count(*) FROM timers WHERE state = 'pending' AND due_at < now() + interval '1 hour'")

    async def there() -> bool:
        async with service.database.transaction() as tx:
            found = await tx.scalar(query)
        assert found == count, f"{found} of {count} timers"
        return True

    await eventually(there, 30)


async def _withdrawn(service: Service, appointment: UUID) -> None:
    """Wait until no timer of this appointment is to fire."""
    query = text("SELECT count(*) FROM timers WHERE state = 'pending' AND appointment_id = :id")

    async def gone() -> bool:
        async with service.database.transaction() as tx:
            return not await tx.scalar(query, {"id": appointment})

    await eventually(gone, 60)


async def _past(start: datetime) -> None:
    """Wait until the reminder a minute before is due."""

    async def due() -> bool:
        return clock.now() > start - timedelta(minutes=1)

    await eventually(due, 30)


async def _when_all_is_read(world: World, count: int) -> Sequence[tuple[Any, Any]]:
    """The reminders, when everything is read and no timer is left that is due."""
    async with _database(world) as database:

        async def quiet() -> bool:
            async with database.transaction() as tx:
                late = await tx.scalar(
                    text("SELECT count(*) FROM timers WHERE state = 'pending' AND due_at < now()")
                )
                read = await tx.scalar(
                    text("SELECT count(*) FROM appointments WHERE start_time > now() + interval '20 days'")
                )
            assert (late, read) == (0, BACKLOG)
            return True

        await eventually(quiet, 60)
    return await reminders(world, count)
