"""reminders on a database and broker of its own, with a clock that the test moves."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.configuration.settings import service_database_url
from chassis.database.migrations import migrate
from chassis.database.transactions import Database
from chassis.errors import PublishFailed
from chassis.kafka.publisher import Publisher
from contracts import envelope, topics
from contracts.envelope import Message
from contracts.reminders import Reminder
from services.reminders.firing.dispatcher import Dispatcher
from services.reminders.handlers import follow_appointments, follow_preferences
from services.reminders.messages.incoming import read_appointment, read_preferences
from services.reminders.settings import RemindersSettings
from tests.support import World
from tests.unit.reminders.builders import LONG_BEFORE, a_record


class Recorder(Publisher):
    """Remembers what would be published; `fails` makes the broker refuse."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.fails = False

    async def publish(self, messages: Sequence[Message]) -> None:
        """Remember."""
        if self.fails:
            raise PublishFailed("the test makes it fail")
        self.messages.extend(messages)

    def reminders(self) -> list[tuple[str, UUID, int, tuple[str, ...]]]:
        """(type, recipient, lead, channels) of all reminders, in order."""
        found = []
        for message in self.messages:
            if message.topic != topics.REMINDERS_EVENTS.name:
                continue
            kind = envelope.read(message.headers).type
            body = Reminder.model_validate_json(message.value or b"")
            found.append((kind, body.recipient_id, body.lead_minutes, tuple(c.value for c in body.channels)))
        return found

    def kinds(self) -> list[str]:
        """Return the types of published messages, in order."""
        return [envelope.read(message.headers).type for message in self.messages]


@dataclass
class Bench:
    """The parts of the service, driven by hand; `now` is what its clock shows."""

    database: Database
    now: datetime = LONG_BEFORE
    sent: Recorder = field(default_factory=Recorder)

    def dispatcher(self) -> Dispatcher:
        """A process's dispatcher."""
        return Dispatcher(self.database, self.sent, lambda: self.now)

    async def hear(self, *messages: Message, at: datetime | None = None) -> None:
        """Apply these as one batch, appended `at`; the present unless given."""
        records = [a_record(message, at or self.now, offset) for offset, message in enumerate(messages)]
        events = [(record, event) for record in records if (event := read_appointment(record)) is not None]
        switches = [
            (record, change) for record in records if (change := read_preferences(record)) is not None
        ]
        if events:
            async with self.database.transaction() as tx:
                await follow_appointments(tx, events, self.now)
        if switches:
            async with self.database.transaction() as tx:
                await follow_preferences(tx, switches, self.now)

    async def fire(self, at: datetime, dispatcher: Dispatcher | None = None) -> None:
        """Let the clock show `at`, and a dispatcher do all that there is to do."""
        self.now = at
        dispatcher = dispatcher or self.dispatcher()
        for _ in range(100):
            if not await dispatcher.claim():
                return
            while await dispatcher.fire():
                await dispatcher.settle()
        raise AssertionError("there is always something left to claim")

    async def timers(self) -> list[tuple[UUID, int, tuple[str, ...], str]]:
        """(recipient, lead, channels, state) of all timers, in order of recipient and lead."""
        query = "SELECT recipient_id, lead_minutes, channels, state FROM timers ORDER BY 1, 2, due_at"
        async with self.database.transaction() as tx:
            rows = await tx.execute(text(query))
            return [(row[0], row[1], tuple(row[2]), row[3]) for row in rows]

    async def scalar(self, query: str) -> object:
        """One value."""
        async with self.database.transaction() as tx:
            return await tx.scalar(text(query))


def settings_of(world: World, **different: Any) -> RemindersSettings:
    """The service's settings for this world."""
    return RemindersSettings(
        **different,
        kafka_bootstrap_servers=world.bootstrap,
        database_url=world.database_url,
        topic_prefix=world.topic_prefix,
    )


@pytest.fixture
async def bench(cluster: World) -> AsyncIterator[Bench]:
    """An empty database of reminders."""
    settings = settings_of(cluster)
    await migrate("reminders", settings)
    database = Database(service_database_url(settings, "reminders"), application_name="test")
    yield Bench(database)
    await database.dispose()
