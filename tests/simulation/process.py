"""One simulated process: a consumer of the chassis, and the loop that polls for it as FastStream does."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from contextvars import copy_context
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from chassis.configuration.settings import Settings
from chassis.health import Health
from tests.simulation import ledger
from tests.simulation.adapter import new_consumer, state_of
from tests.simulation.database import ModelDatabase, Server
from tests.simulation.kafka import Broker
from tests.simulation.log import Log
from tests.simulation.loop import PROCESS, VirtualLoop
from tests.simulation.publisher import ModelPublisher, OutTopic
from tests.simulation.world import ALIVE, SOUND, TRUE_RESTORE, World

AFTER_KAFKA_ERROR = 5.0  # seconds, as in FastStream's own loop
AFTER_OTHER_ERROR = 0.1
EMPTY_PAUSE = 0.001  # the chassis takes the records at the poll and hands none on


class WatchedHealth(Health):
    """A health that is checked when it says that a partition needs a person."""

    logs: Mapping[TopicPartition, Log]
    world: World

    def halted(self, topic: str, partition: int, reason: str) -> None:
        """Only a log that cannot be read on may be halted."""
        super().halted(topic, partition, reason)
        if self.logs[TopicPartition(topic, partition)].is_sound:
            self.world.complain(SOUND, f"{topic}/{partition}: {reason}")


class Process:
    """A process of the group. Everything that it starts runs under its number."""

    def __init__(self, number: int, world: World, broker: Broker, server: Server, out: OutTopic) -> None:
        self.number = number
        self._world = world
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._context.run(PROCESS.set, number)
        self._context.run(self._build, broker, server, out)
        self.polling = self._run(self._poll())
        self._run(self._watch())

    def _build(self, broker: Broker, server: Server, out: OutTopic) -> None:
        chance = self._world.chance
        settings = Settings(
            batch_max_records=chance.choice([2, 5, 20]), retry_base=0.1, retry_max=chance.choice([0.5, 5.0])
        )
        self.health = WatchedHealth(ledger.SERVICE, started=True)
        self.health.logs, self.health.world = broker.logs, self._world
        self.full = settings.batch_max_records
        self.stalled_after = settings.stalled_after
        self.consumer, self.subscriber = new_consumer(
            ledger.subscription(server, gather=chance.choice([0.0, 0.05])),
            settings,
            ModelDatabase(server),
            ModelPublisher(settings, out),
            self.health,
            broker,
        )

    @property
    def loop(self) -> VirtualLoop:
        """The loop that can stop and kill this process."""
        assert isinstance(self._loop, VirtualLoop)
        return self._loop

    @property
    def assigned(self) -> list[TopicPartition]:
        """The partitions that the group last gave to it."""
        return sorted(self.subscriber.consumer.assignment())

    def describe(self) -> dict[str, Any]:
        """Details of a violation."""
        paused = sorted(partition.partition for partition in self.subscriber.consumer.paused())
        return {"process": self.number, "paused": paused, **state_of(self.consumer)}

    def kill(self) -> None:
        """kill -9: nothing of it runs any more; the database server notices at once."""
        self.loop.kill_process(self.number)
        self._server.disconnect(self.number)

    def leave(self) -> "asyncio.Task[None]":
        """Give up all partitions, as the group demands before it assigns anew."""

        async def revoked() -> None:
            await self.consumer.on_partitions_revoked(self.subscriber.consumer.leave_assignment())

        return self._run(revoked())

    def enter(self, partitions: Iterable[TopicPartition]) -> "asyncio.Task[None]":
        """Take these partitions, and no others."""
        assigned = set(partitions)

        async def take() -> None:
            self.subscriber.consumer.enter_assignment(assigned)
            await self.consumer.on_partitions_assigned(assigned)

        return self._run(take())

    def stop(self) -> "asyncio.Task[None]":
        """SIGTERM: end the batch in flight, note it."""
        return self._run(self.consumer.stop())

    def _run(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        return self._loop.create_task(work, context=self._context)

    async def _watch(self) -> None:
        """The service's watchdog would end the process now: something is wrong that it cannot heal by itself."""
        restores = self._world.counts["restore"]
        while True:
            await asyncio.sleep(1)
            if self.consumer.begun_anew.is_set() and self._world.counts["restore"] == restores:
                self._world.complain(TRUE_RESTORE, f"process {self.number}")
                self.consumer.begun_anew.clear()
            if reason := self.health.dead or self.consumer.stuck(self._loop.time()):
                self._world.complain(ALIVE, f"process {self.number}: {reason}")
                return

    async def _poll(self) -> None:
        while True:
            try:
                await self.subscriber.consumer.getmany(timeout_ms=1, max_records=self.full)
            except KafkaError as error:
                self._world.tell(f"process {self.number}: poll failed: {type(error).__name__}")
                await asyncio.sleep(AFTER_KAFKA_ERROR)
                continue
            except Exception as error:
                self._world.tell(f"process {self.number}: poll failed: {type(error).__name__}")
                await asyncio.sleep(AFTER_OTHER_ERROR)
                continue
            await asyncio.sleep(EMPTY_PAUSE)
