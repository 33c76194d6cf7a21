"""Batches that are too much for one transaction, and a lone command that is too much for the database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from chassis import clock
from chassis.configuration.settings import service_database_url
from chassis.database.transactions import Database, Transaction
from chassis.errors import TooMuch
from chassis.kafka.publisher import Publisher
from contracts import topics
from contracts.envelope import Envelope, Message, Record
from services.booking.clients.identity import Directory
from services.booking.handlers import Handlers
from services.booking.messages.commands import Received, decode
from services.booking.metrics import COMMANDS
from services.booking.store import people
from tests.component.booking.desk import NOON, Desk, an_hour

CROWD = 500


class SixPartitions(Publisher):
    """Publishes nothing."""

    def __init__(self) -> None:
        """Without a broker."""

    async def partitions(self, topic: str) -> int:
        """Of any topic."""
        return 6


@dataclass
class Clerk:
    """The handlers with a database of their own, and commands to decide."""

    desk: Desk
    database: Database
    directory: Directory
    handlers: Handlers
    offset: int = 0

    def ask(
        self, kind: str, actor: UUID, body: dict[str, Any], command_id: UUID | None = None
    ) -> tuple[Record, Received]:
        """The next record of the log, read."""
        head = Envelope(
            id=command_id or uuid4(), type=kind, organization=self.desk.organization, actor=str(actor)
        )
        message = head.message(topics.BOOKING_COMMANDS.name, orjson.dumps(body))
        self.offset += 1
        record = Record(
            message.topic, 0, self.offset, clock.now(), message.key, message.value, message.headers
        )
        return record, decode(record)

    async def decide(self, *items: tuple[Record, Received]) -> list[Message]:
        """One batch, committed."""
        async with self.database.transaction() as tx:
            messages = await self.handlers.handle(tx, items)
        self.handlers.committed()
        return messages

    async def known(self, user: UUID) -> bool:
        """Whether the database has this person."""
        async with self.database.transaction() as tx:
            return user in await people.load(tx, [user])


@pytest.fixture
async def clerk(closed_desk: Desk) -> AsyncIterator[Clerk]:
    """Nothing else reads the log of this world."""
    settings = closed_desk.settings
    database = Database(service_database_url(settings, "booking"), application_name="test")
    directory = Directory(settings.identity_url, timeout=5, remember_for=300)
    yield Clerk(closed_desk, database, directory, Handlers(settings, SixPartitions(), directory))
    await directory.close()
    await database.dispose()


def outcome(messages: list[Message]) -> dict[str, Any]:
    """The last of them."""
    body: dict[str, Any] = orjson.loads(messages[-1].value or b"")
    return body


async def a_crowd(clerk: Clerk) -> tuple[UUID, UUID]:
    """The organizer and the id of an appointment of 500 people."""
    anna = clerk.desk.person()
    crowd = [clerk.desk.person() for _ in range(CROWD)]
    made = outcome(await clerk.decide(clerk.ask("appointment.create", anna, an_hour(NOON, *crowd))))
    return anna, UUID(made["appointment_id"])


def moved(clerk: Clerk, anna: UUID, appointment: UUID, start: datetime) -> tuple[Record, Received]:
    """An update that names nobody, of everybody's times."""
    times = {"start_time": start.isoformat(), "end_time": (start + timedelta(hours=1)).isoformat()}
    return clerk.ask("appointment.update", anna, {"appointment_id": str(appointment), **times})


async def test_updates_of_a_crowd_are_weighed_when_it_is_known(clerk: Clerk) -> None:
    anna, appointment = await a_crowd(clerk)
    asked = [moved(clerk, anna, appointment, NOON + timedelta(days=day)) for day in range(1, 5)]
    with pytest.raises(TooMuch):
        await clerk.decide(*asked)
    messages = await clerk.decide(*asked[:3])
    assert outcome(messages)["version"] == 4
    assert outcome(await clerk.decide(asked[3]))["version"] == 5


async def test_what_is_too_heavy_is_refused_once_and_for_all(clerk: Clerk) -> None:
    anna = clerk.desk.person()
    item = clerk.ask("appointment.create", anna, an_hour(NOON))
    async with clerk.database.transaction() as tx:
        messages = await clerk.handlers.refuse_too_heavy(tx, *item)
    clerk.handlers.committed()
    assert (outcome(messages)["status"], outcome(messages)["code"]) == ("refused", "too_large")
    async with clerk.database.transaction() as tx:
        assert await clerk.handlers.republish(tx, [item]) == messages, "byte for byte"
        assert await clerk.handlers.refuse_too_heavy(tx, *item) == messages
    later = clerk.ask("appointment.create", anna, an_hour(NOON), command_id=item[1].id)
    assert outcome(await clerk.decide(later)) == outcome(messages)


async def test_a_command_that_was_decided_before_is_not_refused(clerk: Clerk) -> None:
    item = clerk.ask("appointment.create", clerk.desk.person(), an_hour(NOON))
    messages = await clerk.decide(item)
    async with clerk.database.transaction() as tx:
        assert await clerk.handlers.refuse_too_heavy(tx, *item) == messages


async def test_a_batch_that_is_rolled_back_leaves_nothing_behind(clerk: Clerk) -> None:
    anna, ben = clerk.desk.person(), clerk.desk.person()
    before = _counted("appointment.create")

    async def rolled_back(tx: Transaction) -> None:
        await clerk.handlers.handle(tx, [clerk.ask("appointment.create", anna, an_hour(NOON))])
        raise TooMuch

    with pytest.raises(TooMuch):
        async with clerk.database.transaction() as tx:
            await rolled_back(tx)
    async with clerk.database.transaction() as tx:
        await clerk.handlers.refuse_too_heavy(tx, *clerk.ask("appointment.create", ben, an_hour(NOON)))
    clerk.handlers.committed()
    assert _counted("appointment.create") == before, "what was rolled back is not counted"
    assert not await clerk.known(anna)
    await clerk.decide(clerk.ask("appointment.create", anna, an_hour(NOON)))
    assert await clerk.known(anna), "who was told of in the batch that was rolled back is kept with the next"
    assert _counted("appointment.create") == before + 1


def _counted(kind: str) -> float:
    return COMMANDS.labels(kind, "accepted", "")._value.get()  # type: ignore[no-any-return]
