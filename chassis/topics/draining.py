"""Progress of consumer groups by their committed offsets: everything below is applied and published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocol

from chassis.configuration.settings import Settings
from chassis.kafka import log
from chassis.topics import administration
from contracts.topics import Topic

Offsets = dict[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Behind:
    """A partition (topic without prefix) of which a group has not applied and published `left` records."""

    group: str
    topic: str
    partition: int
    left: int

    def __str__(self) -> str:
        return f"{self.group} has {self.left:,} records of {self.topic}/{self.partition} left"


class Groups:
    """The consumer groups of a fleet, and their topics (`groups`, without prefix)."""

    def __init__(
        self,
        settings: Settings,
        groups: Mapping[str, Sequence[Topic]],
        admin: AIOKafkaAdminClient,
        consumer: AIOKafkaConsumer,
    ) -> None:
        self._settings = settings
        self._groups = groups
        self._admin = admin
        self._consumer = consumer

    async def ends(self) -> Offsets:
        """Return the ends of the logs that any of these groups reads."""
        topics = tuple(dict.fromkeys(topic for read in self._groups.values() for topic in read))
        found = await administration.describe(self._settings, topics)
        partitions = [
            TopicPartition(self._settings.topic_prefix + topic.name, number)
            for topic, actual in found.items()
            for number in range(actual.partitions)
        ]
        return dict(await self._consumer.end_offsets(partitions))

    async def behind(self, ends: Offsets) -> list[Behind]:
        """Return the records below `ends` that are not yet applied and published."""
        prefix = self._settings.topic_prefix
        found: list[Behind] = []
        for group, topics in self._groups.items():
            committed = await self._admin.list_consumer_group_offsets(prefix + group)
            names = {prefix + topic.name for topic in topics}
            for partition, end in ends.items():
                if partition.topic in names:
                    at = max(committed[partition].offset, 0) if partition in committed else 0
                    if at < end:
                        name = partition.topic.removeprefix(prefix)
                        found.append(Behind(group, name, partition.partition, end - at))
        return found

    async def missing(self, count: int) -> list[str]:
        """Groups with members that do not have all of `count` partitions of each of their topics, or are not settled."""
        prefix, found = self._settings.topic_prefix, []
        for group, topics in self._groups.items():
            wanted = {(prefix + topic.name, number) for topic in topics for number in range(count)}
            (answer,) = await self._admin.describe_consumer_groups([prefix + group])
            for _, _, state, _, _, members, *_ in answer.groups:
                assigned = {pair for member in members for pair in _assigned(member[4])}
                if members and (state != "Stable" or not wanted <= assigned):
                    found.append(group)
        return found


def _assigned(encoded: bytes) -> list[tuple[str, int]]:
    if not encoded:
        return []
    decoded = ConsumerProtocol.ASSIGNMENT.decode(encoded)
    return [(topic, number) for topic, numbers in decoded.assignment for number in numbers]


def consumer(settings: Settings) -> AIOKafkaConsumer:
    """A consumer that only asks where logs end; transactions that are open do not count."""
    return log.consumer(settings, "appointments-draining")
