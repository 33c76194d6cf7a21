"""Read topics from given offsets, without a consumer group: what a rebuild reads beside the live consumers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from chassis.kafka import connection
from chassis.publisher import MAX_REQUEST_BYTES
from chassis.settings import Settings
from contracts.envelope import Record


class LogReader:
    """All partitions of some topics (names without prefix)."""

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self._prefix = settings.topic_prefix
        self._kafka = AIOKafkaConsumer(
            *(settings.topic_prefix + topic for topic in topics),
            **connection(settings),
            client_id="appointments-projector-rebuild",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 * MAX_REQUEST_BYTES,  # few round trips; each record fits many times
            fetch_max_wait_ms=50,
        )
        self.starts: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect and take all partitions. Raises KafkaError, also when a topic does not exist."""
        await self._kafka.start()
        self.starts = await self._kafka.beginning_offsets(sorted(self._kafka.assignment()))

    async def stop(self) -> None:
        """Disconnect."""
        await self._kafka.stop()

    def seek(self, positions: Mapping[TopicPartition, int]) -> None:
        """Go to these offsets; what was fetched before is dropped."""
        for place, offset in positions.items():
            self._kafka.seek(place, offset)

    async def ends(self) -> dict[TopicPartition, int]:
        """The offsets after the last records that can be read."""
        return dict(await self._kafka.end_offsets(list(self.starts)))

    async def next(
        self, most: int, ends: Mapping[TopicPartition, int]
    ) -> tuple[list[ConsumerRecord], dict[TopicPartition, int]]:
        """The next records of partitions that have not reached `ends`, and the positions after them.

        At most `most` records; perhaps none after 200 ms. Positions step over transaction markers.
        """
        wanted = [place for place in ends if await self._kafka.position(place) < ends[place]]
        if not wanted:
            return [], {}
        found = await self._kafka.getmany(*wanted, timeout_ms=200, max_records=most)
        records = [record for batch in found.values() for record in batch]
        return records, {place: await self._kafka.position(place) for place in wanted}

    def record(self, record: ConsumerRecord) -> Record:
        """The same as the live consumers see it."""
        return Record(
            record.topic[len(self._prefix) :],
            record.partition,
            record.offset,
            datetime.fromtimestamp(record.timestamp / 1000, UTC),
            record.key,
            record.value,
            tuple(record.headers),
        )
