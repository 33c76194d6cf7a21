"""Reading the log without a consumer group: no position is kept, the reader names the beginning."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError

from chassis.configuration.settings import Settings
from chassis.kafka import fetched
from chassis.kafka.client import connection
from chassis.kafka.producing import MAX_REQUEST_BYTES
from contracts.envelope import Record

AT_ONCE = 4_000
_EMPTY_POLLS = 3

Positions = dict[TopicPartition, int]


def consumer(settings: Settings, client_id: str, **limits: Any) -> AIOKafkaConsumer:
    """Return a consumer without a group, not started: it reads committed records, and no record makes it raise."""
    fetched.install()
    return AIOKafkaConsumer(
        **connection(settings),
        client_id=client_id,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        **limits,
    )


async def stopped(reader: AIOKafkaConsumer) -> None:
    """Stop a consumer without a group, and close its connections.

    aiokafka cancels a task of its own and awaits it. If that task has not begun, the cancellation comes out of `stop`, and
    the connections stay open. So it gets its turn before.
    """
    await asyncio.sleep(0)
    await reader.stop()


class Log:
    """All partitions of some topics (names without prefix). Topics that do not exist are left out, unless `whole`."""

    def __init__(
        self, settings: Settings, client_id: str, topics: Sequence[str], *, whole: bool = False
    ) -> None:
        self._settings = settings
        self._topics = [settings.topic_prefix + topic for topic in topics]
        self._whole = whole
        # Few round trips: each record fits many times. The last one is not delayed.
        limits = {"max_partition_fetch_bytes": 4 * MAX_REQUEST_BYTES, "fetch_max_wait_ms": 50}
        self._kafka = consumer(settings, client_id, auto_offset_reset="earliest", **limits)
        self.starts: Positions = {}

    async def start(self) -> None:
        """Connect and take all partitions, at the log's start. Raises KafkaError, if `whole` also for a missing topic."""
        await self._kafka.start()
        partitions = await self._partitions()
        self._kafka.assign(partitions)
        if partitions:
            self.starts = dict(await self._kafka.beginning_offsets(partitions))
            self.seek(self.starts)

    async def stop(self) -> None:
        """Disconnect."""
        await stopped(self._kafka)

    def seek(self, positions: Mapping[TopicPartition, int]) -> None:
        """Seek to these offsets; records fetched before are discarded."""
        for place, offset in positions.items():
            self._kafka.seek(place, offset)

    async def ends(self) -> Positions:
        """The offsets after the last records that can be read."""
        return dict(await self._kafka.end_offsets(list(self.starts))) if self.starts else {}

    async def first_at(self, instant: datetime) -> Positions:
        """The first offset of each partition that the broker stamped then or later; its end if there is none."""
        ends = await self.ends()
        stamps = dict.fromkeys(ends, int(instant.timestamp() * 1000))
        found = await self._kafka.offsets_for_times(stamps) if ends else {}
        return {place: found[place].offset if found.get(place) else end for place, end in ends.items()}

    async def sizes(self) -> dict[str, tuple[int, int]]:
        """Partitions and records (offsets between start and end) of each topic, by its name without prefix."""
        ends = await self.ends()
        found: dict[str, tuple[int, int]] = {}
        for place, start in self.starts.items():
            topic = self._plain(place.topic)
            count, records = found.get(topic, (0, 0))
            found[topic] = (count + 1, records + ends[place] - start)
        return found

    async def next(
        self, most: int, ends: Mapping[TopicPartition, int], seconds: float = 0.2
    ) -> tuple[list[ConsumerRecord], Positions]:
        """The next records of partitions that have not reached `ends`, and the positions after them.

        At most `most` records, and no more bytes than one poll may take; perhaps none after `seconds`. Positions step over
        transaction markers.
        """
        wanted = [place for place in ends if await self._kafka.position(place) < ends[place]]
        if not wanted:
            return [], {}
        token = fetched.POLL.set(fetched.Poll())
        try:
            found = await self._kafka.getmany(*wanted, timeout_ms=int(seconds * 1000), max_records=most)
        finally:
            fetched.POLL.reset(token)
        return fetched.readable(found), {place: await self._kafka.position(place) for place in wanted}

    async def up_to_now(
        self, progress: Callable[[int, int], None] | None = None, since: datetime | None = None
    ) -> AsyncIterator[Record]:
        """Every record from the log's start, or from `since`, to the present end; `progress`: (read, of how many).

        Raises UnreadableBatch where the log is damaged.
        """
        begin = self.starts if since is None else await self.first_at(since)
        ends = await self.ends()
        self.seek(begin)
        reached, empty = dict(begin), 0
        total = sum(ends[place] - start for place, start in begin.items())
        while any(reached[place] < end for place, end in ends.items()) and empty < _EMPTY_POLLS:
            records, positions = await self.next(AT_ONCE, ends, 1.0)
            # Where nothing but transaction markers is left, the position may stay before them.
            empty = 0 if records or any(reached[place] < at for place, at in positions.items()) else empty + 1
            reached |= positions
            for raw in records:
                if raw.offset < ends[TopicPartition(raw.topic, raw.partition)]:
                    yield self.record(raw)
            if progress:
                progress(total - sum(max(0, end - reached[place]) for place, end in ends.items()), total)

    async def from_now(self) -> None:
        """Seek to the present end, so that `next_batch` returns later records only."""
        self.seek(await self.ends())

    async def next_batch(self, seconds: float) -> list[Record]:
        """Everything that has come, waiting at most so long for the first; in order of time."""
        batches = await self._kafka.getmany(timeout_ms=int(seconds * 1000))
        return sorted(map(self.record, fetched.readable(batches)), key=lambda record: record.timestamp)

    def record(self, raw: ConsumerRecord) -> Record:
        """The same as the live consumers see it. Raises UnreadableBatch where a batch could not be read."""
        return fetched.record_of(raw, self._settings.topic_prefix)

    async def _partitions(self) -> list[TopicPartition]:
        """A consumer without a subscription knows of no topics, so the cluster is asked."""
        admin = AIOKafkaAdminClient(**connection(self._settings))
        await admin.start()
        try:
            described = await admin.describe_topics(self._topics)
        finally:
            await admin.close()
        if self._whole and (absent := [one["topic"] for one in described if not one["partitions"]]):
            raise UnknownTopicOrPartitionError(f"no topic {', '.join(absent)}")
        return [
            TopicPartition(topic["topic"], number)
            for topic in described
            for number in sorted(one["partition"] for one in topic["partitions"])
        ]

    def _plain(self, topic: str) -> str:
        return topic.removeprefix(self._settings.topic_prefix)
