"""Booking without a broker: a log in memory, to which decisions append what they tell, and databases that decide from it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import orjson
from aiokafka import TopicPartition

from chassis.configuration.settings import service_database_url
from chassis.database.migrations import migrate
from chassis.database.transactions import Database
from chassis.kafka.publisher import Publisher, partition_of
from contracts import topics
from contracts.envelope import Message, Record
from services.booking.clients.identity import Directory
from services.booking.handlers import Handlers
from services.booking.messages.commands import decode
from services.booking.rebuild.run import rebuild
from services.booking.rebuild.summary import Summary
from services.booking.settings import BookingSettings
from tests.component.booking.desk import an_hour
from tests.component.booking.identity import Identity
from tests.support import World
from tests.support.proofs import proven
from tests.support.world import at_database

PARTITIONS = 6
COMMANDS = topics.BOOKING_COMMANDS.name
LETTERS = topics.dead_letters("booking").name
CLUSTER = "in memory"
Missing = Callable[[Record], bool]


class _Partitions:
    async def partitions(self, _: str) -> int:
        return PARTITIONS


def nothing(_: Record) -> bool:
    """No record is missing."""
    return False


@dataclass
class MemoryLog:
    """Records of all topics, stamped by a clock that goes on by a second for each of them."""

    written: list[Record] = field(default_factory=list)
    now: datetime = field(
        default_factory=lambda: datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    )
    missing: Missing = nothing

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Any
    ) -> Record:
        """Write a record."""
        self.now += timedelta(seconds=1)
        offset = sum((one.topic, one.partition) == (topic, partition) for one in self.written)
        record = Record(topic, partition, offset, self.now, key, value, tuple(headers))
        self.written.append(record)
        return record

    def tell(self, message: Message) -> Record:
        """Write what a service publishes."""
        given = message.partition
        partition = partition_of(message.key or b"", PARTITIONS) if given is None else given
        return self.append(message.topic, partition, message.key, message.value, message.headers)

    def without(self, missing: Missing) -> "MemoryLog":
        """The same log before some of it was written."""
        return MemoryLog(self.written, self.now, missing)

    def of(self, topic: str) -> list[Record]:
        """The records of a topic, partition by partition."""
        found = [one for one in self.written if one.topic == topic and not self.missing(one)]
        return sorted(found, key=lambda one: (one.partition, one.offset))

    async def records(self, topic: str) -> AsyncGenerator[Record, None]:
        """The same, as a rebuild reads them."""
        for record in self.of(topic):
            yield record

    async def ends(self, topic: str) -> dict[int, int]:
        """The offset after the last record of each partition."""
        ends = dict.fromkeys(range(PARTITIONS), 0)
        return ends | {one.partition: one.offset + 1 for one in self.of(topic)}


@dataclass
class Office:
    """An organization's people, who ask booking something; each place of the log is theirs to choose."""

    log: MemoryLog
    identity: Identity
    organization: UUID = field(default_factory=uuid4)
    anna: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.anna = self.identity.add(uuid4(), self.organization, roles=["member", "admin"])

    @property
    def home(self) -> int:
        """The partition to which the organization's commands belong."""
        return partition_of(str(self.organization).encode(), PARTITIONS)

    @property
    def elsewhere(self) -> int:
        """Another partition."""
        return (self.home + 1) % PARTITIONS

    def ask(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        partition: int | None = None,
        topic: str = COMMANDS,
        id: UUID | None = None,  # noqa: A002  (the header's own name)
    ) -> Record:
        """Write a command of Anna's."""
        command = id or uuid4()
        body = proven(kind, body, command, self.organization, self.anna, self.log.now)
        head = {
            "ce_id": command,
            "ce_type": kind,
            "actor": self.anna,
            "organization": self.organization,
        }
        headers = [(name, str(value).encode()) for name, value in head.items()]
        key = str(self.organization).encode()
        where = self.home if partition is None else partition
        return self.log.append(topic, where, key, orjson.dumps(body), headers)

    def book(self, at: datetime, **given: Any) -> Record:
        """Write a command that books an hour."""
        own = {name: given.pop(name) for name in ("partition", "topic", "id") if name in given}
        return self.ask("appointment.create", an_hour(at) | given, **own)


@dataclass
class Ledger:
    """One of booking's databases."""

    url: str
    log: MemoryLog
    identity: Identity

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[Database, Directory]]:
        limits = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
        database = Database(self.url, application_name="test", server_settings=limits)
        directory = Directory(self.identity.url, timeout=5, remember_for=300)
        try:
            yield database, directory
        finally:
            await directory.close()
            await database.dispose()

    async def decide(self, *commands: Record) -> list[Record]:
        """Decide these in their order, each in a batch of its own; returns what follows, which the log has then.

        As a process does that takes their partitions over, it learns before what outcomes tell of them.
        """
        written: list[Record] = []
        unread: dict[TopicPartition, int] = {}
        for record in commands:
            place = TopicPartition(record.topic, record.partition)
            unread[place] = min(record.offset, unread.get(place, record.offset))
        async with self._open() as (database, directory):
            handlers = Handlers(BookingSettings(), cast("Publisher", _Partitions()), directory)
            handlers._may_decide = True  # there is no broker to ask
            for record in self.log.of(topics.BOOKING_OUTCOMES.name):
                handlers.namespaces.note(record, unread)
            for record in commands:
                async with database.transaction() as tx:
                    messages = await handlers.handle(tx, [(record, decode(record))])
                handlers.committed()
                written += map(self.log.tell, messages)
        return written

    async def rebuilt(self, log: MemoryLog | None = None, **given: Any) -> Summary:
        """`appointments rebuild booking`."""
        async with self._open() as (database, directory):
            now = self.log.now + timedelta(minutes=1)
            return await rebuild(
                database, log or self.log, CLUSTER, now, **({"directory": directory} | given)
            )

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


@dataclass
class Archive:
    """Where databases of booking are made."""

    world: World
    log: MemoryLog
    identity: Identity

    async def new(self, label: str) -> Ledger:
        """An empty one."""
        settings = BookingSettings(database_url=f"{self.world.database_url}_{label}")
        await migrate("booking", settings)
        return Ledger(service_database_url(settings, "booking"), self.log, self.identity)

    async def copy(self, ledger: Ledger, label: str) -> Ledger:
        """A copy of one, as a backup is."""
        url = f"{self.world.database_url}_{label}_booking"
        server = await asyncpg.connect(at_database(self.world.database_url, "postgres"))
        try:
            old, new = (one.rpartition("/")[2] for one in (ledger.url, url))
            await server.execute(f'CREATE DATABASE "{new}" TEMPLATE "{old}"')
        finally:
            await server.close()
        return Ledger(url, self.log, self.identity)


def content(records: Sequence[Record]) -> set[tuple[Any, ...]]:
    """The records without their places in the log."""
    return {(one.topic, one.key, one.value, one.headers) for one in records}
