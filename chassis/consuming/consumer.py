"""The one way to consume: a FastStream batch subscriber whose position is in the service's own database.

Polls fill a backlog for each partition; one task makes batches of it. Three batches are on their way at once: one is
decoded while the database works on the one before it and the one before that is published; each step takes them in
order. After any failure the partitions concerned are sought back to their first unpublished record, and wait: the log
is the outbox, redelivery is the relay. The other partitions go on.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import ClusterAuthorizationFailedError, TopicAuthorizationFailedError
from faststream.kafka import KafkaBroker

from chassis import backoff, telemetry
from chassis.configuration.settings import Settings
from chassis.consuming import progress
from chassis.consuming.applier import Applier
from chassis.consuming.batch import Batch, Rewound, Settled, Subscription
from chassis.consuming.gathering import Gathering
from chassis.consuming.partition_takeover import TakeOver
from chassis.consuming.partitions import Partitions
from chassis.consuming.polling import Polling
from chassis.consuming.positions import Offsets, rewound
from chassis.consuming.reporter import Reporter
from chassis.consuming.subscriber import coordination_died, nothing, rejoining, subscribe, watch_polls
from chassis.database.transactions import Database
from chassis.errors import DependencyDown, Halt, PublishFailed
from chassis.health import Health
from chassis.kafka.publisher import Publisher
from chassis.reasons import explain
from contracts.envelope import Message

T = TypeVar("T")
log = telemetry.get_logger()

IDLE_AFTER = 1.0  # seconds, as all of these
COMPARE_EVERY = 10.0
DRAIN_WITHIN = 8.0
POLL_WITHIN = 60.0
REJOIN_WITHIN = 60.0


class Consumer(ConsumerRebalanceListener, Generic[T]):  # type: ignore[misc]  # aiokafka is untyped
    """One subscription's loop: takes partitions over, applies batches, publishes their messages, seeks back on failure."""

    def __init__(
        self,
        subscription: Subscription[T],
        service: str,
        settings: Settings,
        database: Database,
        publisher: Publisher,
        health: Health,
        broker: KafkaBroker,
    ) -> None:
        self.name = subscription.name
        self.begun_anew = asyncio.Event()  # set when the database was found set back
        self._settings = settings
        self._database = database
        self._publisher = publisher
        self._health = health
        full = subscription.max_records or settings.batch_max_records
        self._applier = Applier(subscription, service, settings, database)
        self._partitions: Partitions[T] = Partitions(
            self.name,
            full,
            lambda attempt: backoff.delay(attempt, settings.retry_base, settings.retry_max),
            health,
            lambda: self._kafka,
        )
        self._positions = self._partitions.positions
        self._backlog = self._partitions.backlog
        self._holding = self._partitions.holding
        self._polling = Polling(self.name, settings, self._partitions, health, self._look_into, self._give_up)
        self._gathering = Gathering(
            subscription, self._applier, self._backlog, self._holding, self._positions
        )
        self._reporter = Reporter(self.name, settings, self._positions, health, lambda: self._kafka)
        self._takeover = TakeOver(
            self.name,
            settings,
            database,
            self._positions,
            health,
            lambda: self._kafka,
            self._reporter.begin,
            subscription.taking_over,
        )
        self._wait_for_more = subscription.gather
        self._gate = asyncio.Lock()
        self._applying: asyncio.Task[None] | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        self._compared_at = self._worked_at = time.monotonic()
        self._busy_since: float | None = None
        self._rejoining_since: float | None = None
        self._subscriber = subscribe(
            broker,
            settings,
            name=self.name,
            topics=subscription.topics,
            max_records=full,
            listener=self,
        )
        self._subscriber(nothing)

    @property
    def _kafka(self) -> AIOKafkaConsumer:
        return self._subscriber.consumer

    @property
    def taken_over(self) -> asyncio.Event:
        """Set while every assigned partition is ours, halted, or has been tried several times by itself."""
        return self._takeover.done

    # --- taking partitions over and giving them up ------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin to take partitions over; until their position is sought, their records are dropped."""
        watch_polls(self._kafka, self._polling)
        self._start("take-over", self._take_over(set(assigned)))
        for name, run in (("work", self._work), ("report", self._reporter.run)):
            if name not in self._tasks:
                self._start(name, run())

    async def _take_over(self, partitions: set[TopicPartition]) -> None:
        await self._takeover.run(partitions)
        self._partitions.wake.set()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batches in flight end, publish them, note them, and forget the partitions."""
        self._takeover.done.clear()
        self._cancel("take-over")
        await self._drain()
        for partition in revoked:
            self._partitions.disown(partition)
            self._takeover.release(partition)
            self._reporter.forget(partition)
        self._partitions.report_troubles()

    def _look_into(self, partition: TopicPartition, scanned: int) -> None:
        self._start(f"hole {partition}", self._beside(partial(self._check_hole, partition, scanned)))

    async def _check_hole(self, partition: TopicPartition, scanned: int) -> None:
        """Halt the partition where the log has lost the records that we still need."""
        start = (await self._kafka.beginning_offsets([partition]))[partition]
        if start > scanned and partition in self._positions:
            self._backlog.drop(partition)
            self._takeover.halt(
                partition, f"records {scanned} to {start - 1} were deleted before they were applied"
            )

    # --- making batches ---------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        """Make batches for as long as the process lives."""
        with self._fatal():
            while not self._stopping:
                self._partitions.flow()
                self._partitions.wake.clear()
                if time.monotonic() - self._compared_at > COMPARE_EVERY:
                    await self._beside(self._compare)
                if not self._gathering.has_work(time.monotonic()):
                    await self._rest()
                    continue
                if self._wait_for_more and not self._gathering.is_full():
                    await asyncio.sleep(self._wait_for_more)
                async with self._gate:
                    await self._step()

    async def _step(self) -> None:
        """Decode one batch while the one before it is being applied, then begin to apply it."""
        batch, seeks = await self._gathering.gather(time.monotonic())
        self._partitions.flow()
        if batch is None:
            return
        if self._applying is not None:
            await self._applying
        self._worked_at = time.monotonic()
        if self._stopping:
            return
        if self._positions.seeks(seeks) == seeks:
            self._applying = asyncio.create_task(self._process(batch, seeks))
        else:
            self._partitions.rewind(batch)  # the one before it failed: this one must not overtake it

    async def _rest(self) -> None:
        """Wait for records or for the end of a partition's hold; look after the positions when nothing comes."""
        wait = min(self._holding.next_release(time.monotonic()) or IDLE_AFTER, IDLE_AFTER)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._partitions.wake.wait(), wait)
        if time.monotonic() - self._worked_at > IDLE_AFTER and not self._under_way():
            self._worked_at = time.monotonic()
            self._positions.step_over(self._backlog.partitions())
            await self._beside(self._note)

    def _under_way(self) -> bool:
        return any(task and not task.done() for task in (self._applying, self._publishing))

    # --- one batch --------------------------------------------------------------------------------------------------

    async def _process(self, batch: Batch[T], seeks: Offsets) -> None:
        self._busy_since = time.monotonic()
        telemetry.BATCH_SIZE.labels(self.name).observe(len(batch.reads))
        with self._fatal(), telemetry.tracer().start_as_current_span(f"{self.name} batch"):
            started = time.perf_counter()
            async for settled in self._applier.settle(batch, self._positions.acked, self._holding.attempts):
                if settled.error is None:
                    telemetry.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
                    await self._hand_over(settled, {tp: seeks[tp] for tp in settled.part.since})
                else:
                    await self._not_applied(settled.part, settled.error)
                started, self._busy_since = time.perf_counter(), time.monotonic()
        self._busy_since = None

    async def _hand_over(self, settled: Settled[T], seeks: Offsets) -> None:
        if self._positions.seeks(seeks) == seeks:
            self._positions.applied(settled.part)
        if self._publishing is not None:
            await self._publishing
        if self._positions.seeks(seeks) == seeks:
            self._publishing = asyncio.create_task(self._publish(settled.part, settled.messages, seeks))
        else:
            self._partitions.rewind(
                settled.part
            )  # an earlier publish failed meanwhile: this one must not overtake it

    async def _not_applied(self, part: Batch[T], error: Exception) -> None:
        if isinstance(error, DependencyDown):
            most = self._fewer(part) if error.too_much else None
            self._partitions.hold(part, error.dependency, self._reason(error), most)
        elif isinstance(error, Halt):
            # Messages committed before are published, and noted while the partition is still ours.
            if self._publishing is not None:
                await self._publishing
            await self._beside(self._note)
            self._partitions.rewind(part)
            for partition in [error.partition] if error.partition else part.since:
                self._backlog.drop(partition)
                self._takeover.halt(partition, str(error))
        else:
            self._begin_anew(str(error))

    async def _publish(self, part: Batch[T], messages: Iterable[Message], seeks: Offsets) -> None:
        started = time.perf_counter()
        try:
            await self._publisher.publish(list(messages))
        except PublishFailed as error:
            most = self._fewer(part) if error.refused else None
            self._partitions.hold(part, "kafka", self._reason(error), most)
            return
        except Exception as error:
            self._give_up(error)
            return
        telemetry.PUBLISH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        if self._positions.seeks(seeks) != seeks:
            return  # records behind these have failed meanwhile: their partitions' troubles are not over
        self._positions.published(part)
        if self._holding.succeeded(part.since):
            log.info("going on", consumer=self.name, partitions=len(part.since))
            self._partitions.report_troubles()

    def _reason(self, error: DependencyDown | PublishFailed) -> str:
        """Return a sentence for the operator: about the database, or about a right that Kafka denies."""
        cause = error.__cause__
        if isinstance(cause, TopicAuthorizationFailedError | ClusterAuthorizationFailedError):
            return explain(cause, self._settings)
        if isinstance(error, DependencyDown) and error.dependency == "postgres" and cause is not None:
            return explain(cause, self._settings, "postgres")
        return str(error)

    @staticmethod
    def _fewer(part: Batch[T]) -> int:
        return max(1, len(part.reads) // len(part.since) // 4)

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """A bug of the chassis itself: stop rather than guess; nothing more is applied until the process has ended."""
        self._stopping = True
        log.error("consumer failed", consumer=self.name, exc_info=error)
        self._health.dead = f"{self.name}: {type(error).__name__}: {error}"

    def _begin_anew(self, where: str) -> None:
        """The database is not as far as we are: it was set back under us. Take all partitions over again."""
        log.warning("the database was set back: reading again", consumer=self.name, partition=where)
        for partition in self._positions.partitions:
            self._partitions.disown(partition)
        self._partitions.report_troubles()
        self._takeover.done.clear()
        self.begun_anew.set()
        self._start("take-over", self._take_over(set(self._kafka.assignment()) - self._takeover.halted))

    # --- beside the batches -----------------------------------------------------------------------------------------

    async def _beside(self, run: Any) -> None:
        try:
            await run()
        except Rewound as error:
            self._begin_anew(str(error))
        except Exception as error:  # the next batch or the next idle moment does it
            log.debug("not done", consumer=self.name, error=str(error))

    async def _compare(self) -> None:
        """Raise Rewound where the database has less than was committed, also on partitions of which nothing comes."""
        self._compared_at = time.monotonic()
        kept = self._positions.kept()
        async with self._database.session() as session:
            stand = await progress.stand(session, self.name)
        if behind := rewound(kept, stand):
            raise Rewound(f"{behind.topic}/{behind.partition}")

    async def _note(self) -> None:
        """Save the published positions; the transaction of the next batch would do it, too.

        Raises Rewound: a database that was restored under us must apply again the records it has lost, not count them as applied.
        """
        offsets, kept = self._positions.unnoted(), self._positions.kept()
        if offsets:
            async with self._database.transaction() as tx:
                rows = await progress.lock(tx, self.name, offsets)
                behind = rewound(
                    {tp: kept[tp] for tp in offsets}, {tp: row.next_offset for tp, row in rows.items()}
                )
                if behind:
                    raise Rewound(f"{behind.topic}/{behind.partition}")
                await progress.advance(tx, self.name, offsets, offsets)
            self._positions.noted(offsets)

    def lag(self) -> int:
        """Records of our partitions that are not yet applied."""
        return sum(self._reporter.lags().values())

    def is_behind(self) -> bool:
        """Return whether records of before the take-over still wait; partitions that cannot go on do not count."""
        if not self._takeover.done.is_set():
            return True
        return any(
            self._positions.is_behind(partition) and self._holding.attempts(partition) < 5
            for partition in self._positions.partitions
        )

    def stuck(self, now: float) -> str | None:
        """Why this consumer will not heal by itself, or None. `now`: monotonic seconds."""
        longest = self._settings.handler_timeout
        if self._busy_since is not None and now - self._busy_since > longest:
            return f"a batch of {self.name} takes longer than {longest:.0f} s"
        busy = self._busy_since is not None or self._polling.waits
        if not busy and now - self._polling.polled_at > POLL_WITHIN:
            return f"{self.name} has not polled for {POLL_WITHIN:.0f} s"
        if coordination_died(self._kafka) and not self._stopping:
            return f"the group coordination of {self.name} died"
        # Without the right to its group it tries until it has it: a new process could do no more.
        wants = rejoining(self._kafka) and not self._polling.denied
        self._rejoining_since = (self._rejoining_since or now) if wants else None
        if self._rejoining_since is not None and now - self._rejoining_since > REJOIN_WITHIN:
            return f"{self.name} has wanted to rejoin its group for {REJOIN_WITHIN:.0f} s"
        return None

    async def stop(self) -> None:
        """Take no new batch, let those in flight end and publish, note them."""
        self._stopping = True
        self._partitions.wake.set()
        self._partitions.room.set()
        for name in ("take-over", "report"):
            self._cancel(name)
        await self._drain()
        self._cancel("work")

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_WITHIN), self._gate:
                if self._applying is not None:
                    await asyncio.shield(self._applying)
                if self._publishing is not None:
                    await asyncio.shield(self._publishing)
                await self._note()
        except Exception as error:
            # The next owner publishes it again from the stored state.
            log.warning("could not drain", consumer=self.name, error=f"{type(error).__name__}: {error}")

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._cancel(name)
        self._tasks[name] = asyncio.create_task(work, name=f"{self.name} {name}")

    def _cancel(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
