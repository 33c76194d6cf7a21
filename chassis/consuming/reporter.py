"""A consumer's visible state: its lag, its standstill, and Kafka's committed offset for lag tools."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from chassis import telemetry
from chassis.configuration.settings import Settings
from chassis.consuming.positions import Offsets, Positions
from chassis.consuming.standstill import Standstill
from chassis.health import Health
from chassis.reasons import explain

log = telemetry.get_logger()

EVERY = 1.0  # seconds
ANSWER_WITHIN = 5.0


class Reporter:
    """Reports on one consumer. `kafka` gives its present aiokafka consumer."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        positions: Positions,
        health: Health,
        kafka: Callable[[], AIOKafkaConsumer],
    ) -> None:
        self._name = name
        self._settings = settings
        self._positions = positions
        self._health = health
        self._kafka = kafka
        self._ends: Offsets = {}
        self._progress: Standstill[TopicPartition] = Standstill()
        self._transactions: Standstill[TopicPartition] = Standstill()

    async def run(self) -> None:
        """Each second, until cancelled; a report that fails is logged and the next one is made."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._look()
                self._report(time.monotonic())
                await self._commit()
            except Exception as error:
                log.warning("no report", consumer=self._name, error=f"{type(error).__name__}: {error}")

    def begin(self, still: Mapping[TopicPartition, float], ends: Offsets) -> None:
        """Partitions were taken over; these have work, and had stood still for so many seconds by then.

        Health says so at once: a process that starts again and again must not be ready in between.
        """
        now, acked = time.monotonic(), self._positions.acked()
        self._ends |= ends
        for partition, seconds in still.items():
            self._progress.begin(partition, acked[partition], now - seconds)
        self._report_progress(now, self._log_ends())

    def forget(self, partition: TopicPartition) -> None:
        """The partition is another process's: show nothing of it any more."""
        with suppress(KeyError):
            telemetry.LAG.remove(self._name, partition.topic, str(partition.partition))

    def lags(self) -> Offsets:
        """Records not yet applied, for each partition of ours."""
        return self._positions.lags(self._log_ends())

    def _log_ends(self) -> Offsets:
        ends = {}
        for partition in self._positions.partitions:
            with suppress(AssertionError, AttributeError, IllegalStateError):
                ends[partition] = max(self._kafka().highwater(partition) or 0, self._ends.get(partition, 0))
        return ends

    async def _look(self) -> None:
        """Return the ends of the logs; while idle it also notices that no broker answers."""
        partitions = self._positions.partitions
        state = f"kafka ({self._name}, ends of the log)"
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                self._ends = await self._kafka().end_offsets(partitions) if partitions else {}
            self._health.clear(state)
        except Exception as error:
            self._health.waiting(state, explain(error, self._settings))

    def _report(self, now: float) -> None:
        ends = self._log_ends()
        for partition, lag in self._positions.lags(ends).items():
            telemetry.LAG.labels(self._name, partition.topic, str(partition.partition)).set(lag)
        self._report_transactions(now, ends)
        self._report_progress(now, ends)

    def _report_progress(self, now: float, ends: Offsets) -> None:
        """Applied and published: either alone would hide the other."""
        acked = self._positions.acked()
        work: dict[TopicPartition, object] = {
            tp: acked[tp] for tp, end in ends.items() if tp in acked and acked[tp] < end
        }
        with suppress(AttributeError):
            work |= {tp: "not ours yet" for tp in self._kafka().assignment() if tp not in acked}
        still = self._progress.look(now, work)
        telemetry.STALLED.labels(self._name).set(max(still.values(), default=0.0))
        self._say("progress", still, "no progress for {seconds:.0f} s on {where}", {})

    def _report_transactions(self, now: float, ends: Offsets) -> None:
        """A stable offset that stands still below the end of the log means an open transaction."""
        open_at: dict[TopicPartition, object] = {}
        acked = self._positions.acked()
        for partition, end in ends.items():
            with suppress(AssertionError, IllegalStateError):
                stable = self._kafka().last_stable_offset(partition)
                if stable is not None and stable < end and acked.get(partition, -1) >= stable:
                    open_at[partition] = stable
        still = self._transactions.look(now, open_at)
        telemetry.OPEN_TRANSACTION.labels(self._name).set(max(still.values(), default=0.0))
        sentence = "another client's transaction has been open for {seconds:.0f} s on {where}: records behind it wait"
        self._say("open transaction", still, sentence, open_at)

    def _say(
        self,
        kind: str,
        still: Mapping[TopicPartition, float],
        sentence: str,
        offsets: Mapping[TopicPartition, object],
    ) -> None:
        """Name in health the partitions that have stood still for too long, with the offset where one is known."""
        state = f"{kind} ({self._name})"
        where = [
            f"{tp.topic}/{tp.partition}" + (f" at offset {offsets[tp]}" if tp in offsets else "")
            for tp, seconds in still.items()
            if seconds > self._settings.stalled_after
        ]
        if where:
            self._health.waiting(
                state, sentence.format(seconds=max(still.values()), where=", ".join(sorted(where)))
            )
        else:
            self._health.clear(state)

    async def _commit(self) -> None:
        """Write our offsets to Kafka for lag tools; nothing reads them back."""
        offsets = {partition: offset for partition, offset in self._positions.acked().items() if offset}
        try:
            if offsets:
                await asyncio.wait_for(self._kafka().commit(offsets), ANSWER_WITHIN)
        except Exception:
            telemetry.COMMIT_FAILURES.labels(self._name).inc()
