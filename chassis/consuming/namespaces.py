"""Which key a command has that is decided again: outcomes in the log may tell it already.

An id belongs to the organization that used it first, and the database knows which one that was. One that a backup
brought back may have forgotten it, and then decides commands of several partitions in another order: two organizations
that used one id would change places, and all ids that were published of theirs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from aiokafka import TopicPartition

from chassis import telemetry
from chassis.commands import Received
from chassis.configuration.settings import Settings
from chassis.kafka import fetched
from chassis.kafka.fetched import UnreadableBatch
from chassis.kafka.log import Log, consumer, stopped
from contracts import envelope
from contracts.envelope import MalformedEnvelope, Record
from contracts.ids import uuid_of

log = telemetry.get_logger()
SKEW = timedelta(seconds=5)  # between the clocks of brokers, generously
READ_WITHIN_MS = 5_000
MOST = 50_000  # 10 MB; ids that are chosen by chance never collide


class Namespaces:
    """Commands that are still to be decided here and were once answered under a key of their own.

    `outcomes`: the topic that tells it, without prefix. It remembers collisions of ids in the part of the log that is
    decided again, and no more than MOST of them.
    """

    def __init__(self, settings: Settings, service: str, outcomes: str) -> None:
        self._settings = settings
        self._client = f"appointments-{service}"
        self._outcomes = outcomes
        self._elsewhere: set[tuple[UUID, UUID]] = set()

    async def learn(self, unread: Mapping[TopicPartition, int]) -> None:
        """Look for outcomes of commands at and behind these offsets. Raises KafkaError."""
        since = await self._first(unread)
        if since is None:
            return
        outcomes = Log(self._settings, self._client, [self._outcomes])
        await outcomes.start()
        try:
            async for record in outcomes.up_to_now(since=since - SKEW):
                self.note(record, unread)
        except UnreadableBatch as error:
            log.warning(
                "outcomes cannot be read: ids that two organizations use may change keys", error=str(error)
            )
        finally:
            await outcomes.stop()

    def note(self, record: Record, unread: Mapping[TopicPartition, int]) -> None:
        """Remember the outcome's command, if it is at or behind these offsets and has a key of its own."""
        try:
            head = envelope.read(record.headers)
            topic, partition, offset = (head.cause or "").rsplit("/", 2)
            place = TopicPartition(self._settings.topic_prefix + topic, int(partition))
            if int(offset) < unread.get(place, int(offset) + 1):
                return
            command = uuid_of(orjson.loads(record.value or b"")["command_id"])
        except (MalformedEnvelope, ValueError, KeyError, TypeError):
            return
        own = head.id == envelope.outcome_id(envelope.key_elsewhere(head.organization, command))
        if own and len(self._elsewhere) < MOST:
            self._elsewhere.add((head.organization or envelope.NOBODY, command))

    def has_own_key(self, received: Received[Any]) -> bool:
        """Whether the command was once answered under a key of its own."""
        return (received.namespace, received.id) in self._elsewhere

    async def _first(self, unread: Mapping[TopicPartition, int]) -> datetime | None:
        """The time of the oldest of the records at these offsets; None where none of them can be read."""
        reader = consumer(self._settings, self._client)
        await reader.start()
        try:
            reader.assign(list(unread))
            for place, offset in unread.items():
                reader.seek(place, offset)
            stamps = [
                raw.timestamp
                for place in unread
                for raws in (await reader.getmany(place, timeout_ms=READ_WITHIN_MS, max_records=1)).values()
                for raw in raws
                if fetched.mark_of(raw) is None
            ]
        finally:
            await stopped(reader)
        return datetime.fromtimestamp(min(stamps) / 1000, UTC) if stamps else None
