"""Booking and the notifier as the sender of a command sees them: a record in, an outcome out. No broker is needed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from chassis.configuration.settings import service_database_url
from chassis.database.migrations import migrate
from chassis.database.transactions import Database, Transaction
from chassis.kafka.publisher import Publisher
from contracts import topics
from contracts.commands import BOOKING_COMMANDS, NOTIFIER_COMMANDS
from contracts.envelope import Message, Record
from services.booking.clients import identity as booking_identity
from services.booking.handlers import Handlers as Booking
from services.booking.messages import commands as booking
from services.booking.settings import BookingSettings
from services.notifier.clients import identity as notifier_identity
from services.notifier.handlers import Handlers as Notifier
from services.notifier.messages import incoming as notifier
from tests.component.booking.identity import Identity
from tests.support import World

PARTITIONS = 6
Items = Sequence[tuple[Record, Any]]


@dataclass(frozen=True)
class Service:
    """One of the two, with the topics that its commands come and its outcomes go by."""

    name: str
    commands: str
    outcomes: str
    types: tuple[str, ...]
    decode: Callable[[Record], Any]
    handle: Callable[[Transaction, Items], Awaitable[list[Message]]]
    again: Callable[[Transaction, Items], Awaitable[list[Message]]]
    database: Database

    async def apply(self, *records: Record) -> list[Message]:
        """The messages for these records, as one batch that is committed."""
        async with self.database.transaction() as tx:
            return await self.handle(tx, [(record, self.decode(record)) for record in records])

    async def repeat(self, *records: Record) -> list[Message]:
        """The messages for records that were applied before."""
        async with self.database.transaction() as tx:
            return await self.again(tx, [(record, self.decode(record)) for record in records])

    def outcome(self, messages: Sequence[Message]) -> Message:
        """The one outcome among these messages."""
        [found] = [message for message in messages if message.topic == self.outcomes]
        return found


class _Partitions:
    async def partitions(self, _: str) -> int:
        return PARTITIONS


@asynccontextmanager
async def booking_in(world: World, identity: Identity) -> AsyncIterator[Service]:
    """Booking's handlers on a database of their own."""
    settings = BookingSettings(database_url=world.database_url, identity_url=identity.url)
    await migrate("booking", settings)
    database = Database(service_database_url(settings, "booking"), application_name="conformance")
    directory = booking_identity.Directory(identity.url, timeout=5, remember_for=300)
    handlers = Booking(settings, cast("Publisher", _Partitions()), directory)
    handlers._may_decide = True  # there is no log that this empty database could have lost
    yield Service(
        "booking",
        topics.BOOKING_COMMANDS.name,
        topics.BOOKING_OUTCOMES.name,
        tuple(BOOKING_COMMANDS),
        booking.decode,
        handlers.handle,
        handlers.republish,
        database,
    )
    await directory.close()
    await database.dispose()


@asynccontextmanager
async def notifier_in(world: World, identity: Identity) -> AsyncIterator[Service]:
    """The notifier's handlers on a database of their own."""
    settings = BookingSettings(database_url=world.database_url)
    await migrate("notifier", settings)
    database = Database(service_database_url(settings, "notifier"), application_name="conformance")
    directory = notifier_identity.Directory(identity.url, timeout=5)
    handlers = Notifier(
        uuid4(), "https://hub.example", 20, _Partitions().partitions, directory, lambda _: False
    )
    yield Service(
        "notifier",
        topics.NOTIFIER_COMMANDS.name,
        topics.NOTIFIER_OUTCOMES.name,
        tuple(NOTIFIER_COMMANDS),
        notifier.decode,
        handlers.handle,
        handlers.republish,
        database,
    )
    await directory.close()
    await database.dispose()
