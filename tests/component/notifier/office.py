"""The notifier as others meet it: events go in by Kafka, messages reach the sandbox, and what became of them comes out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis.configuration.settings import service_database_url
from chassis.database.migrations import migrate
from chassis.service import Service
from chassis.topics.creation import ensure_topics
from contracts import topics
from contracts.envelope import Envelope, Record
from services.notifier.main import build
from services.notifier.sending.template_registration import Registration
from services.notifier.settings import NotifierSettings
from tests.component.booking.identity import Identity
from tests.component.sandbox_process import sandbox
from tests.support import World, eventually

USED = (
    topics.BOOKING_EVENTS,
    topics.REMINDERS_EVENTS,
    topics.NOTIFIER_COMMANDS,
    topics.NOTIFIER_OUTCOMES,
    topics.NOTIFIER_EVENTS,
    topics.COMMUNICATION_EVENTS,
    topics.dead_letters("notifier"),
    topics.redrive("notifier"),
)
TOMORROW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
ANNA, BEN, CLEO = uuid4(), uuid4(), uuid4()
PEOPLE = [
    {"id": str(ANNA), "name": "Anna", "timezone": "Europe/Berlin", "locale": "de"},
    {"id": str(BEN), "name": "Ben", "timezone": "America/New_York", "locale": "en"},
    {"id": str(CLEO), "name": "Cleo", "timezone": "Asia/Tokyo", "locale": "en"},
]
FAST: dict[str, Any] = {
    "quick_wait_min": 0.01,
    "quick_wait_max": 0.02,
    "retry_first": 0.3,
    "retry_next": 0.1,
    "dispatch_idle": 0.05,
    "recovery_spread": 0.1,
    "lease": 1.5,
    "outbox_adopt_after": 1.0,
    "frontend_url": "https://hub.example",
    "communication_token": "the-notifiers-own",
}


@dataclass
class Office:
    """The notifier in a world of its own, with a Communication Service and everything that was published."""

    settings: NotifierSettings
    communication: httpx.AsyncClient
    producer: AIOKafkaProducer
    organization: UUID = field(default_factory=uuid4)
    services: list[Service] = field(default_factory=list)

    async def start(self, **different: Any) -> Service:
        """One more notifier, perhaps with settings of its own."""
        service = build(self.settings.model_copy(update=different))
        await service.start()
        self.services.append(service)
        await _templates_registered(service)
        return service

    async def stop(self) -> None:
        """Stop all of them."""
        while self.services:
            await self.services.pop().stop()

    async def tell(self, kind: str, state: dict[str, Any], **different: Any) -> UUID:
        """Publish `appointment.KIND` with this state.

        `changes`, `people`, `actor`, `announcement`, `seated`, `at` (ce_time) and `id` may be given.
        """
        body = {
            "appointment_id": state["id"],
            "version": state["version"],
            "appointment": state,
            "changes": different.pop("changes", []),
            "people": different.pop("people", PEOPLE),
            "actor": str(different.pop("actor", ANNA)),
            "announcement": different.pop("announcement", None),
            "seated": different.pop("seated", []),
        }
        return await self.publish(topics.BOOKING_EVENTS.name, f"appointment.{kind}", body, **different)

    async def remind(self, state: dict[str, Any], recipient: UUID, *channels: str, **different: Any) -> UUID:
        """Publish a reminder that is due."""
        body = {
            "appointment_id": state["id"],
            "version": state["version"],
            "recipient_id": str(recipient),
            "channels": channels,
            "lead_minutes": 60,
            "due_at": datetime.now(UTC).isoformat(),
            "appointment": state,
            "people": PEOPLE,
        }
        return await self.publish(topics.REMINDERS_EVENTS.name, "reminder.due", body, **different)

    async def publish(self, topic: str, kind: str, body: Any, **different: Any) -> UUID:
        """Publish anything with an envelope; returns its id."""
        headers = Envelope(
            id=different.pop("id", None) or uuid4(),
            type=kind,
            source="test",
            time=different.pop("at", datetime.now(UTC)),
            organization=self.organization,
            actor=different.pop("actor", None),
            correlation_id=different.pop("correlation_id", "a-correlation"),
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            reply_partition=different.pop("reply_partition", None),
        )
        await self.send(topic, body if isinstance(body, bytes) else orjson.dumps(body), headers.headers())
        return headers.id

    async def send(
        self, topic: str, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        """Publish raw."""
        await self.producer.send_and_wait(
            self.settings.topic_prefix + topic,
            value,
            key=str(self.organization).encode(),
            headers=list(headers),
        )

    # --- what came of it ----------------------------------------------------------------------------------------

    async def messages(self, count: int = 1, deadline: float = 15, **query: Any) -> list[dict[str, Any]]:
        """Return the messages that the Communication Service has, once there are at least `count`."""

        async def there() -> list[dict[str, Any]] | None:
            found = (await self.communication.get("/sandbox/messages", params=query)).json()
            assert len(found) >= count, f"{len(found)} of {count} messages"
            return list(found) or None

        return await eventually(there, deadline, 0.05) or []

    async def faults(self, **faults: Any) -> None:
        """Let the service fail, or be well again."""
        answer = await (
            self.communication.put("/sandbox/faults", json=faults)
            if faults
            else self.communication.delete("/sandbox/faults")
        )
        assert answer.is_success

    async def published(self, topic: topics.Topic = topics.NOTIFIER_EVENTS) -> list[Record]:
        """Everything on a topic until now."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka_bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            name = self.settings.topic_prefix + topic.name
            partitions = [TopicPartition(name, number) for number in range(self.settings.topic_partitions)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            found: list[Record] = []
            while any([await consumer.position(partition) < end for partition, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += [_record(topic.name, record) for record in records]
            return found
        finally:
            await consumer.stop()

    async def events(self) -> list[dict[str, Any]]:
        """The bodies of all notification events so far, with their ids; each id once, first copy."""
        found: dict[str, dict[str, Any]] = {}
        for record in await self.published():
            event = orjson.loads(record.value or b"")
            found.setdefault(record.header("ce_id") or "", event | {"type_": record.header("ce_type")})
        return list(found.values())

    async def told(self, state: str, count: int = 1, deadline: float = 15) -> list[dict[str, Any]]:
        """The events of that state, as soon as there are `count`."""

        async def there() -> list[dict[str, Any]] | None:
            found = [event for event in await self.events() if event.get("state") == state]
            assert len(found) >= count, f"{len(found)} of {count} {state}; {await self.states()}"
            return found

        return await eventually(there, deadline, 0.1) or []

    async def states(self) -> dict[str, int]:
        """How many deliveries stand in which state, from the table."""
        rows = await self.sql("SELECT state, count(*) FROM deliveries GROUP BY state")
        return {row["state"]: row["count"] for row in rows}

    async def wait_for_state(self, state: str, count: int, deadline: float = 15) -> None:
        """Until so many deliveries stand in that state."""

        async def there() -> bool:
            states = await self.states()
            assert states.get(state) == count, states
            return True

        await eventually(there, deadline, 0.05)

    async def answers(self, count: int, deadline: float = 15) -> list[dict[str, Any]]:
        """The bodies of outcomes, as soon as there are so many."""

        async def there() -> list[dict[str, Any]] | None:
            found = [
                orjson.loads(record.value or b"") for record in await self.published(topics.NOTIFIER_OUTCOMES)
            ]
            assert len(found) >= count, found
            return found

        return await eventually(there, deadline, 0.1) or []

    async def settled(self, count: int, deadline: float = 15) -> dict[str, int]:
        """The states, as soon as `count` deliveries exist and none waits any more."""

        async def done() -> dict[str, int] | None:
            states = await self.states()
            assert sum(states.values()) >= count, states
            assert not states.keys() & {"planned", "retrying"}, states
            return states

        return await eventually(done, deadline, 0.05) or {}

    async def sql(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Ask the notifier's database."""
        connection = await asyncpg.connect(database_of(self.settings))
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()


def database_of(settings: NotifierSettings) -> str:
    """The notifier's database as asyncpg wants it."""
    return service_database_url(settings, "notifier").replace("+asyncpg", "")


def an_appointment(**different: Any) -> dict[str, Any]:
    """Anna's appointment with Ben, tomorrow at noon UTC, as booking tells it."""
    usual = {
        "id": str(uuid4()),
        "organization_id": str(uuid4()),
        "organizer_id": str(ANNA),
        "participant_ids": [str(BEN)],
        "start_time": TOMORROW.isoformat(),
        "end_time": (TOMORROW + timedelta(hours=1)).isoformat(),
        "timezone": "Europe/Berlin",
        "title": "Review",
        "status": "pending",
        "confirmation_status": {str(BEN): "pending"},
        "version": 1,
        "created_at": "2028-03-01T12:00:00Z",
        "created_by": str(ANNA),
        "updated_at": "2028-03-01T12:00:00Z",
        "updated_by": str(ANNA),
    }
    return usual | different


def _record(topic: str, record: Any) -> Record:
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return Record(topic, record.partition, record.offset, at, record.key, record.value, tuple(record.headers))


@asynccontextmanager
async def open_office(world: World, home: Path) -> AsyncIterator[Office]:
    """The world with its database, topics and Communication Service, and no notifier yet."""
    identity = Identity()
    async with sandbox("communication", home, **world.environment()) as (communication, _):
        settings = NotifierSettings(
            kafka_bootstrap_servers=world.bootstrap,
            database_url=world.database_url,
            topic_prefix=world.topic_prefix,
            communication_url=str(communication.base_url),
            identity_url=identity.url,
            **FAST,
        )
        await migrate("notifier", settings)
        await ensure_topics(settings, USED)
        producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap)
        await producer.start()
        office = Office(settings, communication, producer)
        for person in (ANNA, BEN, CLEO):
            identity.add(person, office.organization)
        await identity.start()
        try:
            yield office
        finally:
            await producer.stop()
            await office.stop()
            await identity.stop()


async def _templates_registered(service: Service) -> None:
    """Nothing is sent before; a Communication Service that is away, as some tests want it, is not waited for long."""
    run = dict(service._background)["templates"]
    registration: Registration = run.__self__  # type: ignore[attr-defined]
    with suppress(TimeoutError):
        await asyncio.wait_for(registration.done.wait(), 5)
