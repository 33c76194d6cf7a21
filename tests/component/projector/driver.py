"""Drive a projector from outside: publish to its topics, read its views, read what it tells."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from chassis.configuration.settings import service_database_url
from chassis.database.roles import reader_url
from chassis.kafka.publisher import Publisher
from chassis.service import Service
from contracts import topics
from contracts.envelope import Message, header
from services.projector.main import build
from services.projector.settings import ProjectorSettings
from tests.support import World, eventually

TABLES = (
    "appointments",
    "attendees",
    "history",
    "missing_versions",
    "appointments_daily",
    "notifications",
    "notifications_daily",
    "commands",
    "preferences",
    "organization_preferences",
    "suspensions",
    "availability",
    "busy_times",
    "busy_versions",
    "holds",
    "series",
    "feeds",
)
Rows = list[tuple[Any, ...]]


def settings_of(world: World) -> ProjectorSettings:
    """A projector's settings for this world; few partitions keep many tests on one broker quick."""
    return ProjectorSettings(
        kafka_bootstrap_servers=world.bootstrap,
        database_url=world.database_url,
        topic_prefix=world.topic_prefix,
        topic_partitions=2,
    )


class Projector:
    """The service, its database and its topics."""

    def __init__(self, settings: ProjectorSettings) -> None:
        self.settings = settings
        self.service: Service | None = None
        self._publisher = Publisher(settings, "test")

    async def connect(self) -> None:
        """Connect to Kafka and to the database as its owner."""
        await self._publisher.start()
        self.sql: asyncpg.Connection = await asyncpg.connect(self._url())

    async def close(self) -> None:
        """Stop everything."""
        await self.stop()
        await self._publisher.stop()
        await self.sql.close()

    async def start(self) -> None:
        """Start the service in this process."""
        self.service = build(self.settings)
        await self.service.start()

    async def stop(self) -> None:
        """Stop the service."""
        if self.service is not None:
            await self.service.stop()
            self.service = None

    async def publish(self, *messages: Message) -> None:
        """Append to the log."""
        await self._publisher.publish(messages)

    async def caught_up(self) -> None:
        """Wait until every record of its topics is applied."""

        async def applied() -> bool:
            ends = await self._ends()
            rows = await self.sql.fetch(
                "SELECT topic, partition, max(next_offset) FROM progress GROUP BY 1, 2"
            )
            positions = {TopicPartition(topic, partition): offset for topic, partition, offset in rows}
            return all(positions.get(place, 0) >= end for place, end in ends.items())

        await eventually(applied, 20)

    async def published(self) -> list[ConsumerRecord]:
        """Everything on projector.events, in order, but for the states of deliveries."""
        return [record for record in await self.everything() if not is_status(record)]

    async def statuses(self) -> list[ConsumerRecord]:
        """Return the messages about states of deliveries."""
        return [record for record in await self.everything() if is_status(record)]

    async def everything(self) -> list[ConsumerRecord]:
        """Everything on projector.events, in order."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka_bootstrap_servers)
        await consumer.start()
        try:
            places = self._places(topics.PROJECTOR_EVENTS.name)
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            found: list[ConsumerRecord] = []
            while len(found) < sum(ends.values()):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += records
            return found
        finally:
            await consumer.stop()

    async def rows(self, schema: str = "views") -> dict[str, Rows]:
        """Every row of every view, sorted; counts of zero are as good as none."""
        found = {}
        for table in TABLES:
            where = "WHERE count <> 0" if table.endswith("_daily") else ""
            rows = await self.sql.fetch(f"SELECT * FROM {schema}.{table} {where}")
            found[table] = sorted((tuple(row.values()) for row in rows), key=repr)
        return found

    async def as_reader(self) -> asyncpg.Connection:
        """A connection with the ingress's role."""
        return await asyncpg.connect(reader_url(self.settings))

    async def _ends(self) -> dict[TopicPartition, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka_bootstrap_servers)
        await consumer.start()
        try:
            places = [
                place
                for topic in (
                    topics.BOOKING_EVENTS,
                    topics.BOOKING_OUTCOMES,
                    topics.NOTIFIER_OUTCOMES,
                    topics.NOTIFIER_EVENTS,
                    topics.redrive("projector"),
                )
                for place in self._places(topic.name)
            ]
            return dict(await consumer.end_offsets(places))
        finally:
            await consumer.stop()

    def _places(self, topic: str) -> Sequence[TopicPartition]:
        name = self.settings.topic_prefix + topic
        return [TopicPartition(name, partition) for partition in range(self.settings.topic_partitions)]

    def _url(self) -> str:
        return service_database_url(self.settings, "projector").replace("+asyncpg", "")


def is_status(record: ConsumerRecord) -> bool:
    """Whether it tells of the states of deliveries: how these are gathered depends on how batches are cut."""
    return header(record.headers, "ce_type") == "notifications.changed"


def utc(*parts: int) -> dt.datetime:
    """An instant in UTC."""
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]
