"""aiokafka's own consumer, fetcher and record parser in front of a model of the broker and of the group's coordinator."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher, OffsetResetStrategy
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.structs import OffsetAndTimestamp

from tests.simulation.log import Log
from tests.simulation.world import World

TOPIC = "in"
Response = Any


@dataclass
class Broker:
    """The logs of all partitions, and the offsets that the group committed."""

    world: World
    logs: dict[TopicPartition, Log]
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    away_until: float = 0.0
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def produced(self) -> None:
        """Wake the fetches that wait for records."""
        self.grown.set()
        self.grown = asyncio.Event()

    async def answer(self) -> None:
        """Let a request and its answer travel. Raises KafkaConnectionError while the broker is away."""
        await self.world.lag()
        if self.world.now < self.away_until or self.world.happens("broker lost", 0.003):
            raise KafkaConnectionError("the broker is away")

    async def fetch(self, wanted: Mapping[TopicPartition, int], wait: float) -> list[tuple[Any, ...]]:
        """Wholes batches from these offsets on; waits for records as long as `wait` seconds."""
        await self.answer()
        until = self.world.now + wait
        while not any(self.logs[tp].end != offset for tp, offset in wanted.items()):
            try:
                async with asyncio.timeout_at(until):
                    await self.grown.wait()
            except TimeoutError:
                break
        await self.answer()
        return [self._portion(tp, offset) for tp, offset in wanted.items()]

    def _portion(self, partition: TopicPartition, offset: int) -> tuple[Any, ...]:
        log = self.logs[partition]
        if not log.start <= offset <= log.end:
            return (partition.partition, OffsetOutOfRangeError.errno, -1, -1, [], b"")
        raw = log.read(offset, self.world.chance.randint(1, 6))
        return (partition.partition, 0, log.end, log.end, log.aborted_from(offset), raw)


class Client:
    """The connections of one process, as aiokafka's fetcher uses them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._metadata_max_age_ms = 300_000
        self.cluster = SimpleNamespace(
            leader_for_partition=lambda _: 0,
            broker_metadata=lambda _: "broker",
            partitions_for_topic=lambda _: {tp.partition for tp in broker.logs},
        )

    async def send(self, _node: int, request: Any) -> Response:
        """The answer to a fetch request, or to the question where a log begins or ends."""
        if isinstance(request, OffsetRequest):
            return await self._offsets(request)
        wanted = {
            TopicPartition(topic, number): offset
            for topic, partitions in request.topics
            for number, offset, _ in partitions
        }
        portions = await self._broker.fetch(wanted, wait=0.5)
        return SimpleNamespace(API_VERSION=4, topics=[(TOPIC, portions)])

    async def _offsets(self, request: OffsetRequest) -> Response:
        await self._broker.answer()
        found = [
            (number, 0, -1, log.start if strategy == OffsetResetStrategy.EARLIEST else log.end)
            for topic, partitions in request._topics
            for number, strategy in partitions
            if (log := self._broker.logs[TopicPartition(topic, number)])
        ]
        return SimpleNamespace(API_VERSION=1, topics=[(TOPIC, found)])

    def force_metadata_update(self) -> "asyncio.Future[bool]":
        """Metadata is always fresh here."""
        future = self._loop.create_future()
        future.set_result(True)
        return future


class Coordinator:
    """The group as one process sees it: it commits; the scenario assigns."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._rejoin_needed_fut = asyncio.get_running_loop().create_future()
        self._coordination_task = asyncio.get_running_loop().create_future()

    def check_errors(self) -> None:
        """The coordination never dies here."""


class ModelConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka is untyped
    """The real consumer; only what it would send over the network is answered by the model."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(TOPIC, group_id="x", enable_auto_commit=False, isolation_level="read_committed")
        self._broker = broker
        self._client = Client(broker)
        self._coordinator = Coordinator(broker)
        self._fetcher = Fetcher(
            self._client, self._subscription, auto_offset_reset="earliest", isolation_level="read_committed"
        )
        self._closed = False

    def __del__(self) -> None:
        """Nothing is open that a warning would be about."""

    def leave_assignment(self) -> set[TopicPartition]:
        """Begin to rejoin the group; the partitions that were assigned."""
        self._subscription.begin_reassignment()
        return set(self._subscription.assigned_partitions())

    def enter_assignment(self, partitions: Iterable[TopicPartition]) -> None:
        """Be assigned these partitions, each at the group's committed offset, as the coordinator would do it."""
        assigned = set(partitions)
        self._subscription.assign_from_subscribed(assigned)
        for partition in sorted(assigned):
            offset = self._broker.committed.get(partition, self._broker.logs[partition].start)
            self._subscription._assigned_state(partition).seek(offset)

    async def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the logs begin."""
        await self._broker.answer()
        return {partition: self._broker.logs[partition].start for partition in partitions}

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the logs end."""
        await self._broker.answer()
        return {partition: self._broker.logs[partition].end for partition in partitions}

    async def offsets_for_times(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, Any]:
        """The first record at or after a time (ms), of each partition; None where there is none."""
        await self._broker.answer()
        return {
            tp: OffsetAndTimestamp(*found) if (found := self._broker.logs[tp].first_since(at)) else None
            for tp, at in times.items()
        }

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit for the group."""
        await self._broker.answer()
        self._broker.committed.update(offsets)
