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
from aiokafka.errors import ClusterAuthorizationFailedError, IllegalStateError, TopicAuthorizationFailedError
from faststream.kafka import KafkaBroker

from chassis import backoff, progress, telemetry
from chassis.backlog import Backlog
from chassis.batch import Applier, Batch, Rewound, Settled, Subscription
from chassis.database import Database
from chassis.errors import DependencyDown, Halt, PublishFailed
from chassis.fetched import UnreadableBatch, record_of
from chassis.gathering import Gathering
from chassis.health import Health
from chassis.holding import Holding
from chassis.positions import Offsets, Positions, rewound
from chassis.publisher import Publisher
from chassis.reasons import explain
from chassis.reporter import Reporter
from chassis.settings import Settings
from chassis.subscriber import Drawn, Scans, coordination_died, nothing, rejoining, subscribe, watch_polls
from chassis.takeover import TakeOver
from contracts.envelope import Message, Record

T = TypeVar("T")
log = telemetry.get_logger()

IDLE_AFTER = 1.0  # seconds, as all of these
COMPARE_EVERY = 10.0
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
        self.begun_anew = asyncio.Event()  # set when the database was found set back
        self._settings = settings
        self._database = database
        self._publisher = publisher
        self._health = health
        full = subscription.max_records or settings.batch_max_records
        self._applier = Applier(subscription, service, settings, database)
        self._positions = Positions()
        self._backlog: Backlog[T] = Backlog(full)
        self._holding = Holding(full, lambda n: backoff.delay(n, settings.retry_base, settings.retry_max))
        self._gathering = Gathering(
            subscription, self._applier, self._backlog, self._holding, self._positions
        )
        self._takeover = TakeOver(self.name, settings, database, self._positions, health, lambda: self._kafka)
        self._reporter = Reporter(self.name, settings, self._positions, health, lambda: self._kafka)
        self._wait_for_more = subscription.gather
        self._gate = asyncio.Lock()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._paused: set[TopicPartition] = set()
        self._applying: asyncio.Task[None] | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        self._polled_at = self._compared_at = self._worked_at = time.monotonic()
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
        """Set while every assigned partition is ours or halted."""
        return self._takeover.done

    # --- taking partitions over and giving them up ------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin to take partitions over; until their position is sought, their records are dropped."""
        watch_polls(self._kafka, self)
        self._start("take-over", self._take_over(set(assigned)))
        for name, run in (("work", self._work), ("report", self._reporter.run)):
            if name not in self._tasks:
                self._start(name, run())

    async def _take_over(self, partitions: set[TopicPartition]) -> None:
        await self._takeover.run(partitions)
        self._wake.set()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batches in flight end, publish them, note them, and forget the partitions."""
        self._takeover.done.clear()
        self._cancel("take-over")
        await self._drain()
        for partition in revoked:
            self._disown(partition)
            self._takeover.release(partition)
            self._reporter.forget(partition)
        self._report_troubles()

    def _disown(self, partition: TopicPartition) -> None:
        self._positions.disown(partition)
        self._backlog.drop(partition)
        self._holding.forget(partition)

    # --- polls: called by the poll loop, at the moment of the draw ---------------------------------------------------

    async def room(self) -> None:
        """Return when the backlog can take more."""
        while not self._backlog.has_room(self._paused):
            self._room.clear()
            self._polled_at = time.monotonic()
            await self._room.wait()

    def drawn(self, records: Drawn, scans: Scans) -> None:
        """Queue the records of partitions that are ours, where they follow on without a hole."""
        self._polled_at = time.monotonic()
        self._health.clear(f"polls ({self.name})")
        with self._fatal():
            for partition, (since, upto) in scans.items():
                follows = self._positions.scan(partition, since, upto)
                if follows:
                    self._queue(partition, records.get(partition, []), upto > since)
                elif follows is False:
                    self._read_again(partition, since)
        if records:
            self._flow()
            self._wake.set()

    def failed(self, error: Exception) -> None:
        """A poll failed, and with it perhaps what it had drawn: read all again from where we are."""
        self._polled_at = time.monotonic()
        reason = explain(error, self._settings)
        self._health.waiting(f"polls ({self.name})", reason)
        telemetry.RETRIES.labels(self.name, type(error).__name__).inc()
        log.warning("a poll failed", consumer=self.name, error=reason, kind=type(error).__name__)
        for partition in self._positions.partitions:
            self._seek(partition, self._positions[partition].scanned)

    def _queue(self, partition: TopicPartition, raws: list[Any], read_on: bool) -> None:
        records: list[Record] = []
        unreadable: UnreadableBatch | None = None
        try:
            for raw in raws:
                records.append(record_of(raw, self._settings.topic_prefix))  # noqa: PERF401  (keep those before it)
        except UnreadableBatch as error:
            unreadable = error
        self._backlog.add(partition, records)
        if read_on and self._holding.readable(partition):
            self._report_troubles()
        if unreadable is not None:
            self._stop_at(partition, str(unreadable))

    def _read_again(self, partition: TopicPartition, since: int) -> None:
        """The poll began elsewhere than the one before it ended: nothing says that no record lies between."""
        scanned = self._positions[partition].scanned
        telemetry.GAPS.labels(self.name).inc()
        log.error("a hole in the log", consumer=self.name, partition=str(partition), read=scanned, next=since)
        self._seek(partition, scanned)
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
                self._flow()
                self._wake.clear()
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
        self._flow()
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
            self._rewind(batch)  # the one before it failed: this one must not overtake it

    def _flow(self) -> None:
        """Pause in Kafka the partitions that are held or crowded, resume the others, and let the polls go on."""
        now = time.monotonic()
        with suppress(IllegalStateError):
            for partition in self._positions.partitions:
                paused = partition in self._paused
                held = self._holding.is_unread(partition, now)
                if held or self._backlog.is_crowded(partition, paused):
                    self._kafka.pause(partition)
                    self._paused.add(partition)
                else:
                    self._kafka.resume(partition)
                    self._paused.discard(partition)
        if self._backlog.has_room(self._paused):
            self._room.set()

    async def _rest(self) -> None:
        """Wait for records or for the end of a partition's hold; look after the positions when nothing comes."""
        wait = min(self._holding.next_release(time.monotonic()) or IDLE_AFTER, IDLE_AFTER)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait)
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
                    self._not_applied(settled.part, settled.error)
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
            self._rewind(settled.part)  # an earlier publish failed meanwhile: this one must not overtake it

    def _not_applied(self, part: Batch[T], error: Exception) -> None:
        if isinstance(error, DependencyDown):
            most = self._half(part) if error.too_much else None
            self._hold(part, error.dependency, self._reason(error), most)
        elif isinstance(error, Halt):
            self._rewind(part)
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
            most = self._half(part) if error.refused else None
            self._hold(part, "kafka", self._reason(error), most)
            return
        except Exception as error:
            self._give_up(error)
            return
        telemetry.PUBLISH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        if self._positions.seeks(seeks) == seeks:
            self._positions.published(part)
        if self._holding.succeeded(part.since):
            log.info("going on", consumer=self.name, partitions=len(part.since))
            self._report_troubles()

    def _reason(self, error: DependencyDown | PublishFailed) -> str:
        """A sentence for the person who can mend it: of the database, or of a right that Kafka denies."""
        cause = error.__cause__
        if isinstance(cause, TopicAuthorizationFailedError | ClusterAuthorizationFailedError):
            return explain(cause, self._settings)
        if isinstance(error, DependencyDown) and error.dependency == "postgres" and cause is not None:
            return explain(cause, self._settings, "postgres")
        return str(error)

    @staticmethod
    def _half(part: Batch[T]) -> int:
        return max(1, len(part.reads) // len(part.since) // 2)

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

    # --- trouble ----------------------------------------------------------------------------------------------------

    def _hold(self, part: Batch[T], dependency: str, reason: str, most: int | None = None) -> None:
        """Seek these partitions back and let them wait; polling, heartbeats and the other partitions go on."""
        self._rewind(part)
        now = time.monotonic()
        troubles = [
            self._holding.failed(partition, dependency, reason, now, most)
            for partition in part.since
            if partition in self._positions
        ]
        telemetry.RETRIES.labels(self.name, dependency).inc()
        log.warning(
            "waiting",
            consumer=self.name,
            dependency=dependency,
            reason=reason,
            first=part.reads[0].record.position,
            partitions=len(part.since),
            attempt=max((trouble.attempt for trouble in troubles), default=0),
        )
        self._after_trouble()

    def _stop_at(self, partition: TopicPartition, reason: str) -> None:
        """A batch of the log cannot be read: only what lies before it is applied, and it is looked at again and again."""
        telemetry.UNREADABLE.labels(self.name, "batch").inc()
        now = time.monotonic()
        trouble = self._holding.failed(partition, "log", reason, now, unreadable=True)
        log.error("unreadable", consumer=self.name, reason=reason, attempt=trouble.attempt)
        self._after_trouble()

    def _after_trouble(self) -> None:
        self._report_troubles()
        self._flow()
        self._wake.set()

    def _report_troubles(self) -> None:
        """Say in health what each partition in trouble waits for."""
        waiting: dict[str, list[str]] = {}
        unreadable: dict[tuple[str, int], str] = {}
        for partition, trouble in self._holding.current().items():
            if trouble.unreadable:
                unreadable[partition.topic, partition.partition] = trouble.reason
            else:
                where = f"{partition.topic}/{partition.partition}"
                waiting.setdefault(f"{trouble.dependency} ({self.name})", []).append(
                    f"{where}: {trouble.reason}"
                )
        reasons = {name: "; ".join(found)[:1_000] for name, found in waiting.items()}
        self._health.troubles(self.name, reasons, unreadable)

    def _begin_anew(self, where: str) -> None:
        """The database is not as far as we are: it was set back under us. Take all partitions over again."""
        log.warning("the database was set back: reading again", consumer=self.name, partition=where)
        for partition in self._positions.partitions:
            self._disown(partition)
        self._report_troubles()
        self._takeover.done.clear()
        self.begun_anew.set()
        self._start("take-over", self._take_over(set(self._kafka.assignment()) - self._takeover.halted))

    def _rewind(self, batch: Batch[T]) -> None:
        # Not to the first record: markers before it are noted together with it, so the database stands before them.
        for partition, offset in self._positions.rewind(batch.since).items():
            self._backlog.drop(partition)
            self._seek(partition, offset)

    def _seek(self, partition: TopicPartition, offset: int) -> None:
        with suppress(IllegalStateError):
            self._kafka.seek(partition, offset)

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
        """Write down what is published; the transaction of the next batch would do it, too.

        Raises Rewound: a database that was restored under us must apply again what it has lost, not count it as applied.
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
        """Whether records still wait that were in the log at the take-over; partitions that cannot go on do not count."""
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
        if self._busy_since is None and now - self._polled_at > POLL_WITHIN:
            return f"{self.name} has not polled for {POLL_WITHIN:.0f} s"
        if coordination_died(self._kafka) and not self._stopping:
            return f"the group coordination of {self.name} died"
        self._rejoining_since = (self._rejoining_since or now) if rejoining(self._kafka) else None
        if self._rejoining_since is not None and now - self._rejoining_since > REJOIN_WITHIN:
            return f"{self.name} has wanted to rejoin its group for {REJOIN_WITHIN:.0f} s"
        return None

    async def stop(self) -> None:
        """Take no new batch, let those in flight end and publish, note them."""
        self._stopping = True
        self._wake.set()
        self._room.set()
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
