"""What people see of a consumer from outside: its lag, and Kafka's committed offset for lag tools."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError, KafkaError

from chassis import telemetry
from chassis.health import Health
from chassis.positions import Offsets, Positions

EVERY = 1.0  # seconds
ANSWER_WITHIN = 5.0


class Reporter:
    """Reports on one consumer. `kafka` gives its present aiokafka consumer."""

    def __init__(
        self, name: str, positions: Positions, health: Health, kafka: Callable[[], AIOKafkaConsumer]
    ) -> None:
        self._name = name
        self._positions = positions
        self._health = health
        self._kafka = kafka
        self._ends: Offsets = {}

    async def run(self) -> None:
        """Each second, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self._look()
            for partition, lag in self.lags().items():
                telemetry.LAG.labels(self._name, partition.topic, str(partition.partition)).set(lag)
            await self._commit()

    def lags(self) -> Offsets:
        """Records not yet applied, for each partition of ours."""
        ends = dict(self._ends)
        for partition in self._positions.partitions:
            with suppress(AssertionError, AttributeError):
                ends[partition] = max(self._kafka().highwater(partition) or 0, ends.get(partition, 0))
        return self._positions.lags(ends)

    async def _look(self) -> None:
        """Where the logs end; also notices that no broker answers, while there is nothing to do."""
        partitions = self._positions.partitions
        state = f"kafka ({self._name})"
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                self._ends = await self._kafka().end_offsets(partitions) if partitions else {}
            self._health.clear(state)
        except (KafkaError, TimeoutError, IllegalStateError, AssertionError) as error:
            self._health.waiting(state, type(error).__name__)

    async def _commit(self) -> None:
        """Tell Kafka where we are; nobody reads it back."""
        offsets = {partition: offset for partition, offset in self._positions.acked().items() if offset}
        try:
            if offsets:
                await asyncio.wait_for(self._kafka().commit(offsets), ANSWER_WITHIN)
        except (KafkaError, TimeoutError, IllegalStateError):
            telemetry.COMMIT_FAILURES.labels(self._name).inc()
