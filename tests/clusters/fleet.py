"""The whole fleet on these clusters: each process with a login of its own, to Kafka and to PostgreSQL."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Self
from uuid import UUID, uuid4

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from chassis.kafka.client import connection
from chassis.topics import acls
from contracts import envelope
from contracts.envelope import Envelope, Message
from contracts.topics import BOOKING_COMMANDS, BOOKING_OUTCOMES, WORKERS
from deploy.local.identity.people import Person, sample_people
from tests.clusters.brokers import Brokers
from tests.clusters.servers import Servers
from tests.support import eventually

DATABASE = "fleet"
POOR = "nobody"  # a login without any right
DENIED = "stranger"  # a second principal for booking, without ACLs at first
USERS = (*acls.PROCESSES, DENIED)
_EVERY = 0.05  # seconds between two commands of the load


def variables(brokers: Brokers, servers: Servers) -> dict[str, str]:
    """The environment of a fleet: operators' own logins, and one for each process."""
    found = {
        "KAFKA_BOOTSTRAP_SERVERS": brokers.bootstrap,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SSL_CAFILE": str(brokers.security.truststore),
        "KAFKA_SASL_USERNAME": "cli",
        "KAFKA_SASL_PASSWORD": "cli-secret",
        "TOPIC_REPLICATION": "3",
        "DATABASE_URL": servers.url(DATABASE),
        "INGRESS_DATABASE_URL": servers.url(f"{DATABASE}_projector", "fleet_reader", "reader-secret"),
    }
    for name in acls.PROCESSES:
        found[f"{name.upper()}_KAFKA_SASL_USERNAME"] = name
        found[f"{name.upper()}_KAFKA_SASL_PASSWORD"] = f"{name}-secret"
    for name in WORKERS:
        url = servers.url(f"{DATABASE}_{name}", f"fleet_{name}", f"{name}-secret")
        found[f"{name.upper()}_DATABASE_URL"] = url
    return found


def commands() -> Any:
    """Bookings without end, of which no two want the same person at once."""
    people = [person for person in sample_people() if person.email.startswith("load")]
    pairs = list(zip(people[::2], people[1::2], strict=True))
    start = (datetime.now(UTC) + timedelta(days=30)).replace(minute=0, second=0, microsecond=0)
    for number in count():
        yield command(*pairs[number % len(pairs)], start + timedelta(hours=number // len(pairs)))


def command(organizer: Person, participant: Person, start: datetime) -> Message:
    """Book an hour for two."""
    body = {
        "participant_ids": [participant.id],
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=1)).isoformat(),
        "timezone": organizer.timezone,
        "title": "Under load",
    }
    head = Envelope(
        id=uuid4(),
        type="appointment.create",
        organization=UUID(organizer.organization_id),
        actor=organizer.id,
    )
    return head.message(BOOKING_COMMANDS.name, orjson.dumps(body))


class Load:
    """Sends commands until it is stopped, and notes which of them Kafka acknowledged."""

    def __init__(self, brokers: Brokers) -> None:
        self._settings = brokers.settings()
        self.acknowledged: list[UUID | None] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def more(self, number: int, deadline: float = 120) -> None:
        """Wait until so many more have been acknowledged."""
        wanted = len(self.acknowledged) + number
        await eventually(lambda: len(self.acknowledged) >= wanted, deadline, interval=0.1)

    async def _run(self) -> None:
        producer = AIOKafkaProducer(**connection(self._settings), acks="all", enable_idempotence=True)
        await producer.start()
        pending: set[asyncio.Task[None]] = set()
        try:
            for message in commands():
                sent = await producer.send(
                    message.topic, message.value, key=message.key, headers=list(message.headers)
                )
                noting = asyncio.create_task(self._note(sent, envelope.message_id(message.headers)))
                pending.add(noting)
                noting.add_done_callback(pending.discard)
                await asyncio.sleep(_EVERY)
        finally:
            await producer.stop()

    async def _note(self, sent: Any, identifier: UUID | None) -> None:
        try:
            await sent
        except KafkaError:
            return
        self.acknowledged.append(identifier)


async def outcomes(brokers: Brokers) -> dict[UUID, set[bytes]]:
    """All outcomes that there are by now: the different contents by the command's id."""
    settings = brokers.settings()
    consumer = AIOKafkaConsumer(**connection(settings), isolation_level="read_committed")
    await consumer.start()
    found: dict[UUID, set[bytes]] = {}
    try:
        places = [TopicPartition(BOOKING_OUTCOMES.name, number) for number in range(6)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    found.setdefault(UUID(orjson.loads(record.value)["command_id"]), set()).add(record.value)
        return found
    finally:
        await consumer.stop()


async def each_has_one_outcome(brokers: Brokers, wanted: Sequence[UUID | None], deadline: float) -> None:
    """Wait until each of these commands has an outcome, and see that no command has two that differ."""

    async def all_there() -> bool:
        found = await outcomes(brokers)
        missing = [identifier for identifier in wanted if identifier not in found]
        assert not missing, f"{len(missing)} of {len(wanted)} acknowledged commands have no outcome"
        differing = {identifier for identifier, contents in found.items() if len(contents) > 1}
        assert not differing, f"outcomes that differ: {differing}"
        return True

    await eventually(all_there, deadline, interval=1.0)


def without(environment: Mapping[str, str], *names: str) -> dict[str, str]:
    """The same environment without these."""
    return {name: value for name, value in environment.items() if name not in names}
