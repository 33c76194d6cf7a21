"""Two readers of Kafka: outcomes on a partition of this process, and changes of the views."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis import telemetry
from chassis.errors import PublishFailed
from chassis.kafka.publisher import Publisher
from contracts.topics import BOOKING_COMMANDS, BOOKING_OUTCOMES, NOTIFIER_OUTCOMES, PROJECTOR_EVENTS
from services.ingress.commands.commander import Commander
from services.ingress.commands.intake import Intake
from services.ingress.commands.replies import Replies
from services.ingress.commands.visibility import Visibility
from services.ingress.domain.memory import ChangeMemory
from services.ingress.domain.shares import Shares
from services.ingress.live.reader import Offsets, Reader, at_end
from services.ingress.live.streams import Live
from services.ingress.live.subscriptions import Subscription
from services.ingress.settings import IngressSettings

log = telemetry.get_logger()

RECOUNT_EVERY = 1.0


class Listening:
    """Runs both readers. `live` is None until the number of partitions is known."""

    def __init__(
        self,
        settings: IngressSettings,
        publisher: Callable[[], Publisher],
        commander: Commander,
        replies: Replies,
        visibility: Visibility,
        intake: Intake,
    ) -> None:
        self.live: Live | None = None
        self._settings = settings
        self._publisher = publisher
        self._commander = commander
        self._replies = replies
        self._visibility = visibility
        self._intake = intake
        self._memory: ChangeMemory | None = None
        self._replies_reader: Reader | None = None
        self._changes_reader: Reader | None = None

    @property
    def reachable(self) -> bool:
        """Return whether Kafka answers both readers."""
        readers = (self._replies_reader, self._changes_reader)
        return all(reader is not None and reader.reachable for reader in readers)

    @property
    def failure(self) -> BaseException | None:
        """Return the error that keeps a reader from reading; None if both read."""
        readers = (self._replies_reader, self._changes_reader)
        return next((reader.failure for reader in readers if reader is not None and reader.failure), None)

    @property
    def hears_replies(self) -> bool:
        """Return whether outcomes are being read: a command published before that could miss its outcome."""
        return self._replies_reader is not None and self._replies_reader.reading.is_set()

    @property
    def hears_changes(self) -> bool:
        """Return whether the changes of the last ten minutes are known, and new ones are being read."""
        return self._changes_reader is not None and self._changes_reader.reading.is_set()

    async def run(self) -> None:
        """Read until cancelled."""
        publisher, settings = self._publisher(), self._settings
        replies = await publisher.partitions(BOOKING_OUTCOMES.name)
        replies = min(replies, await publisher.partitions(NOTIFIER_OUTCOMES.name))
        partitions = await publisher.partitions(PROJECTOR_EVENTS.name)
        await publisher.partitions(
            BOOKING_COMMANDS.name
        )  # fetched now, so that the first command need not wait for it
        own = self._commander.reply_partition = secrets.randbelow(replies)
        memory = ChangeMemory(settings.stream_memory_seconds, settings.stream_memory_max, partitions)
        shares: Shares[Subscription] = Shares(
            settings.streams_person_max, settings.streams_max // 2, settings.streams_max
        )
        live = Live(memory, self._visibility, settings.stream_queue_max, self._intake.pause, shares)
        outcomes = [(BOOKING_OUTCOMES.name, own), (NOTIFIER_OUTCOMES.name, own)]
        changes = Reader(settings, _changes(partitions), self._beginning, live.handle)
        self._memory, self.live, self._changes_reader = memory, live, changes
        self._replies_reader = Reader(settings, outcomes, at_end, self._replies.handle)
        await asyncio.gather(
            self._replies_reader.run(), changes.run(), self._follow_partitions(memory, changes)
        )

    async def _follow_partitions(self, memory: ChangeMemory, reader: Reader) -> None:
        """Read partitions that are added to projector.events, too: no other process shows their changes
        here.
        """
        while True:
            await asyncio.sleep(RECOUNT_EVERY)
            try:
                partitions = await self._publisher().partitions(PROJECTOR_EVENTS.name)
            except (KafkaError, PublishFailed):
                continue
            if partitions > len(memory.next):
                memory.grow(partitions)
                reader.follow(_changes(partitions))
                log.info("projector.events has more partitions", partitions=partitions)

    async def _beginning(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> Offsets:
        """Return the offsets to go on from; at the first time, those of ten minutes ago."""
        memory = self._memory
        if memory is None:
            raise RuntimeError("the memory is made before its readers")
        ends = await consumer.end_offsets(partitions)
        since = int((time.time() - self._settings.stream_memory_seconds) * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
        offsets: Offsets = {}
        for partition in partitions:
            number: int = partition.partition
            if not 0 < memory.next[number] <= ends[partition]:
                memory.begin(number, found[partition].offset if found[partition] else ends[partition])
            offsets[partition] = memory.next[number]
        return offsets


def _changes(partitions: int) -> list[tuple[str, int]]:
    return [(PROJECTOR_EVENTS.name, number) for number in range(partitions)]
