"""Booking as others meet it: commands go in by Kafka, events and outcomes come out."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis.database.migrations import migrate
from chassis.service import Service
from chassis.topics.creation import ensure_topics
from contracts import topics
from contracts.envelope import Record
from services.booking.main import build
from services.booking.settings import BookingSettings
from tests.component.booking.identity import Identity
from tests.support import World, eventually
from tests.support.proofs import proven

USED = (
    topics.BOOKING_COMMANDS,
    topics.BOOKING_EVENTS,
    topics.BOOKING_OUTCOMES,
    topics.dead_letters("booking"),
    topics.redrive("booking"),
)
# Tomorrow noon: booking's clock is the broker's, so the tests book ahead of the real one.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=2)


@dataclass
class Desk:
    """Booking in a world of its own, with an organization, its people, and everything that was published."""

    settings: BookingSettings
    identity: Identity
    producer: AIOKafkaProducer
    organization: UUID = field(default_factory=uuid4)
    services: list[Service] = field(default_factory=list)

    def person(self, **different: Any) -> UUID:
        """Somebody of the organization."""
        return self.identity.add(uuid4(), self.organization, **different)

    async def start(self) -> Service:
        """One more booking service."""
        service = build(self.settings)
        await service.start()
        self.services.append(service)
        return service

    async def stop(self) -> None:
        """Stop all of them."""
        while self.services:
            await self.services.pop().stop()

    async def send(
        self,
        kind: str,
        actor: UUID | str,
        body: Any = None,
        *,
        value: bytes | None = None,
        command_id: UUID | None = None,
        partition: int | None = None,
        **headers: str,
    ) -> UUID:
        """Publish a command with the fewest headers; `value` instead of `body` for what is not JSON."""
        identifier = command_id or uuid4()
        given = {"ce_id": identifier, "ce_type": kind, "actor": actor, "organization": self.organization}
        given |= {
            name if name.startswith("ce_") else name.replace("_", "-"): text for name, text in headers.items()
        }
        body = proven(kind, body, identifier, self.organization, actor)
        await self.producer.send_and_wait(
            self.settings.topic_prefix + topics.BOOKING_COMMANDS.name,
            orjson.dumps(body) if value is None else value,
            key=str(self.organization).encode(),
            partition=partition,
            headers=[(name, str(text).encode()) for name, text in given.items()],
        )
        return identifier

    async def book(self, actor: UUID, *participants: UUID, at: datetime = NOON, **different: Any) -> UUID:
        """Ask for an hour from `at`; returns the command's id."""
        headers = {name: different.pop(name) for name in ("command_id", "partition") if name in different}
        return await self.send("appointment.create", actor, an_hour(at, *participants) | different, **headers)

    async def outcomes(self, *commands: UUID, deadline: float = 20) -> list[dict[str, Any]]:
        """The first outcome of each of these commands, as soon as all have one."""

        async def all_there() -> dict[str, dict[str, Any]] | None:
            found: dict[str, dict[str, Any]] = {}
            for record in await self.published(topics.BOOKING_OUTCOMES.name):
                outcome = orjson.loads(record.value or b"")
                found.setdefault(outcome["command_id"], outcome)
            return found if {str(command) for command in commands} <= found.keys() else None

        found = await eventually(all_there, deadline, 0.1)
        assert found is not None
        return [found[str(command)] for command in commands]

    async def outcome(self, command: UUID) -> dict[str, Any]:
        """The first outcome of one command."""
        [outcome] = await self.outcomes(command)
        return outcome

    async def published(self, topic: str) -> list[Record]:
        """Everything on a topic until now, partition by partition."""
        return await everything_on(self.settings, topic)

    async def events(self, count: int) -> dict[str, list[dict[str, Any]]]:
        """The bodies of all events by appointment, in the order of the log, with their types: `count` of them.

        An outcome can be visible a moment before the event that was published with it.
        """

        async def all_there() -> list[Record] | None:
            records = await self.published(topics.BOOKING_EVENTS.name)
            return records if len(records) >= count else None

        found = defaultdict(list)
        for record in await eventually(all_there, 10, 0.1) or ():
            event = orjson.loads(record.value or b"") | {"type": record.header("ce_type")}
            found[event["appointment_id"]].append(event)
        assert sum(map(len, found.values())) == count
        return found


def an_hour(start: datetime, *participants: UUID) -> dict[str, Any]:
    """The body of a booking of an hour."""
    return {
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=1)).isoformat(),
        "title": "Visit",
        "participant_ids": [str(user) for user in participants],
    }


async def everything_on(settings: BookingSettings, topic: str) -> list[Record]:
    """All records of a topic until now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await consumer.start()
    try:
        name = settings.topic_prefix + topic
        partitions = [TopicPartition(name, number) for number in range(settings.topic_partitions)]
        consumer.assign(partitions)
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for partition, start in starts.items():
            consumer.seek(partition, start)
        found: list[Record] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [_record(topic, record) for record in records]
        return found
    finally:
        await consumer.stop()


def _record(topic: str, record: Any) -> Record:
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    headers: Sequence[tuple[str, bytes]] = record.headers
    return Record(topic, record.partition, record.offset, at, record.key, record.value, tuple(headers))


@asynccontextmanager
async def open_desk(world: World, identity: Identity) -> AsyncIterator[Desk]:
    """The world with its database and topics, and no service yet."""
    settings = BookingSettings(
        kafka_bootstrap_servers=world.bootstrap,
        database_url=world.database_url,
        topic_prefix=world.topic_prefix,
        identity_url=identity.url,
        identity_timeout=1.0,
    )
    await migrate("booking", settings)
    await ensure_topics(settings, USED)
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, linger_ms=2)
    await producer.start()
    desk = Desk(settings, identity, producer)
    try:
        yield desk
    finally:
        await producer.stop()
        await desk.stop()
