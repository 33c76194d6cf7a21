"""The one way to consume: a FastStream batch subscriber whose position is in the service's own database.

Three batches are on their way at once: one is decoded while the database works on the one before it and the one before
that is published; each step takes them in order. After any failure the partition is sought back to its first
unpublished record: the log is the outbox, redelivery is the relay.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, KafkaError
from faststream.kafka import KafkaBroker

from chassis import backoff, progress, telemetry
from chassis.batch import Applier, Batch, Read, Rewound, Subscription
from chassis.database import Database
from chassis.errors import DependencyDown, Halt, PublishFailed
from chassis.health import Health
from chassis.positions import Offsets, Positions
from chassis.publisher import Publisher
from chassis.reporter import Reporter
from chassis.settings import Settings
from chassis.subscriber import Drawn, coordination_died, records_of, rejoining, subscribe, watch_polls
from chassis.takeover import TakeOver
from contracts.envelope import Message

T = TypeVar("T")
log = telemetry.get_logger()

IDLE_AFTER = 1.0  # seconds, as all of these
DRAIN_WITHIN = 8.0
POLL_WITHIN = 60.0
REJOIN_WITHIN = 60.0


class Consumer(ConsumerRebalanceListener, Generic[T]):  # type: ignore[misc]  # aiokafka is untyped
    """One subscription's loop: takes partitions over, applies batches, publishes what follows, seeks back on failure."""

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
        self._settings = settings
        self._database = database
        self._publisher = publisher
        self._health = health
        self._applier = Applier(subscription, service, settings, database, self._log_start)
        self._positions = Positions()
        self._takeover = TakeOver(self.name, settings, database, self._positions, health, lambda: self._kafka)
        self._gather = subscription.gather
        self._full = subscription.max_records or settings.batch_max_records
        self._gate = asyncio.Lock()
        self._applying: asyncio.Task[None] | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._reporter = Reporter(self.name, self._positions, health, lambda: self._kafka)
        self._stopping = False
        self._attempt = 0
        self._waiting_for = ""
        self._polled_at = self._drew_at = time.monotonic()
        self._busy_since: float | None = None
        self._rejoining_since: float | None = None
        self._subscriber = subscribe(
            broker,
            settings,
            name=self.name,
            topics=subscription.topics,
            max_records=self._full,
            listener=self,
        )
        self._subscriber(self._receive)

    @property
    def _kafka(self) -> AIOKafkaConsumer:
        return self._subscriber.consumer

    @property
    def taken_over(self) -> asyncio.Event:
        """Set while every assigned partition is ours or halted."""
        return self._takeover.done

    # --- taking partitions over and giving them up ------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin to take partitions over; until their position is sought, their records are dropped."""
        watch_polls(self._kafka, self._drawn)
        self._start("take-over", self._takeover.run(set(assigned)))
        if "report" not in self._tasks:
            self._start("report", self._reporter.run())

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batch in flight end, publish it, note it, and forget the partitions."""
        self._takeover.done.clear()
        self._cancel("take-over")
        self._cancel("resume")
        await self._drain()
        for partition in revoked:
            self._positions.disown(partition)
            self._health.unhalt(partition.topic, partition.partition)

    # --- one batch --------------------------------------------------------------------------------------------------

    async def _drawn(self, records: Drawn) -> None:
        self._positions.stamp()
        self._polled_at = time.monotonic()
        if records:
            self._drew_at = self._polled_at
        elif self._polled_at - self._drew_at > IDLE_AFTER:
            await self._when_idle()

    async def _receive(self, drawn: tuple[ConsumerRecord, ...]) -> None:
        if self._gather and len(drawn) < self._full:
            await asyncio.sleep(self._gather)
        async with self._gate:
            with self._fatal():
                batch = self._positions.accept(records_of(drawn, self._settings.topic_prefix))
                if batch is not None:
                    await self._take_in(batch)

    async def _take_in(self, batch: Batch) -> None:
        """Read a batch while the one before it is being applied, then begin to apply it."""
        seeks = self._positions.seeks(batch)
        read = await self._applier.read(batch)
        if self._applying is not None:
            await self._applying
        if self._stopping:
            return
        if self._positions.seeks(batch) == seeks:
            self._applying = asyncio.create_task(self._process(batch, read, seeks))
        else:
            self._rewind(batch)  # the one before it failed: this one must not overtake it

    async def _process(self, batch: Batch, read: list[Read[T]], seeks: Offsets) -> None:
        self._busy_since = time.monotonic()
        with self._fatal():
            messages = await self._apply(batch, read)
            if messages is not None:
                await self._hand_over(batch, messages, seeks)
        self._busy_since = None

    async def _hand_over(self, batch: Batch, messages: list[Message], seeks: Offsets) -> None:
        self._positions.applied(batch)
        if self._publishing is not None:
            await self._publishing
        if self._positions.seeks(batch) == seeks:
            self._publishing = asyncio.create_task(self._publish(batch, messages))
        else:
            self._rewind(batch)  # an earlier publish failed meanwhile: this one must not overtake it

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        """A bug of the chassis itself: stop rather than guess."""
        try:
            yield
        except Exception as error:
            log.exception("consumer failed", consumer=self.name)
            self._health.dead = f"{self.name}: {type(error).__name__}: {error}"

    async def _apply(self, batch: Batch, read: list[Read[T]]) -> list[Message] | None:
        """What is to be published; None when the batch will have to come again."""
        telemetry.BATCH_SIZE.labels(self.name).observe(len(batch.records))
        started = time.perf_counter()
        try:
            with telemetry.tracer().start_as_current_span(f"{self.name} batch"):
                messages = await self._applier.settle(batch, read, self._positions.acked())
        except DependencyDown as error:
            self._hold(batch, error.dependency, str(error))
            return None
        except Halt as error:
            self._rewind(batch)
            for partition in [error.partition] if error.partition else self._positions.partitions:
                self._takeover.halt(partition, str(error))
            return None
        except Rewound as error:
            self._begin_anew(error)
            return None
        telemetry.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        return messages

    def _begin_anew(self, error: Rewound) -> None:
        log.warning(
            "the database stands behind the log: reading again", consumer=self.name, partition=str(error)
        )
        for partition in self._positions.partitions:
            self._positions.disown(partition)
        self._start("take-over", self._takeover.run(set(self._kafka.assignment())))

    async def _publish(self, batch: Batch, messages: list[Message]) -> None:
        started = time.perf_counter()
        try:
            await self._publisher.publish(messages)
        except PublishFailed as error:
            self._hold(batch, "kafka", str(error))
            return
        telemetry.PUBLISH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        self._positions.published(batch)
        if self._attempt:
            self._attempt = 0
            self._health.clear(self._waiting_for)
            log.info("going on", consumer=self.name)

    def _hold(self, batch: Batch, dependency: str, reason: str) -> None:
        """Seek back, pause everything that is ours, and go on after a while; polling and heartbeats continue."""
        self._attempt += 1
        self._rewind(batch)
        if self._waiting_for != dependency:
            self._health.clear(self._waiting_for)
        self._waiting_for = dependency
        self._health.waiting(dependency, reason)
        telemetry.RETRIES.labels(self.name, dependency).inc()
        log.warning(
            "waiting", consumer=self.name, dependency=dependency, reason=reason, attempt=self._attempt
        )
        with suppress(IllegalStateError):
            self._kafka.pause(*self._positions.partitions)
        self._start("resume", self._resume(self._delay(self._attempt)))

    async def _resume(self, after: float) -> None:
        await asyncio.sleep(after)
        for partition in self._positions.partitions:
            with suppress(IllegalStateError):
                self._kafka.resume(partition)

    def _rewind(self, batch: Batch) -> None:
        for partition, offset in self._positions.rewind(batch.first()).items():
            with suppress(IllegalStateError):
                self._kafka.seek(partition, offset)

    # --- beside the batches -----------------------------------------------------------------------------------------

    async def _when_idle(self) -> None:
        """Nothing to read: step over transaction markers at the end of the log, and note what is published."""
        self._drew_at = time.monotonic()
        if self._gate.locked() or any(
            task and not task.done() for task in (self._applying, self._publishing)
        ):
            return
        for partition in self._positions.partitions:
            with suppress(IllegalStateError, AssertionError):
                self._positions.step_over(partition, await self._kafka.position(partition))
        try:
            await self._note()
        except Rewound as error:
            self._begin_anew(error)
        except Exception as error:  # the next batch or the next idle moment notes it
            log.debug("not noted", consumer=self.name, error=str(error))

    async def _note(self) -> None:
        """Write down what is published; the transaction of the next batch would do it, too.

        Raises Rewound: a database that was restored under us must apply again what it has lost, not count it as applied.
        """
        offsets = self._positions.unnoted()
        if offsets:
            async with self._database.transaction() as tx:
                rows = await progress.lock(tx, self.name, offsets)
                stand = {tp: rows[tp].next_offset if tp in rows else 0 for tp in offsets}
                behind = self._positions.rewound(stand)
                if behind:
                    raise Rewound(f"{behind.topic}/{behind.partition}")
                await progress.advance(tx, self.name, offsets, offsets)
            self._positions.noted(offsets)

    def lag(self) -> int:
        """Records of our partitions that are not yet applied."""
        return sum(self._reporter.lags().values())

    def stuck(self, now: float) -> str | None:
        """Why this consumer will not heal by itself, or None. `now`: monotonic seconds."""
        longest = self._settings.handler_timeout
        if self._busy_since is not None and now - self._busy_since > longest:
            return f"a batch of {self.name} takes longer than {longest:.0f} s"
        if self._busy_since is None and now - self._polled_at > POLL_WITHIN:
            return f"{self.name} has not polled for {POLL_WITHIN:.0f} s"
        if coordination_died(self._kafka) and not self._stopping:
            return f"the group coordination of {self.name} died"
        self._rejoining_since = (self._rejoining_since or now) if rejoining(self._kafka) else None
        if self._rejoining_since is not None and now - self._rejoining_since > REJOIN_WITHIN:
            return f"{self.name} has wanted to rejoin its group for {REJOIN_WITHIN:.0f} s"
        return None

    async def stop(self) -> None:
        """Take no new batch, let the one in flight end and publish, note it."""
        self._stopping = True
        for name in ("take-over", "resume", "report"):
            self._cancel(name)
        await self._drain()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_WITHIN), self._gate:
                if self._applying is not None:
                    await asyncio.shield(self._applying)
                if self._publishing is not None:
                    await asyncio.shield(self._publishing)
                await self._note()
        except Exception as error:
            # Whoever comes next publishes it again from the stored state.
            log.warning("could not drain", consumer=self.name, error=f"{type(error).__name__}: {error}")

    async def _log_start(self, partition: TopicPartition) -> int:
        try:
            return int((await self._kafka.beginning_offsets([partition]))[partition])
        except KafkaError as error:
            raise DependencyDown("kafka", str(error)) from error

    def _delay(self, attempt: int) -> float:
        return backoff.delay(attempt, self._settings.retry_base, self._settings.retry_max)

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._cancel(name)
        self._tasks[name] = asyncio.create_task(work, name=f"{self.name} {name}")

    def _cancel(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
