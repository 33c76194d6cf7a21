"""The one way to consume: a FastStream batch subscriber whose position is in the service's own database.

The publishing of one batch runs beside the transaction of the next; publishes never overtake each other. After any
failure the partition is sought back to its first unpublished record: the log is the outbox, redelivery is the relay.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from chassis import backoff, progress, telemetry
from chassis.batch import Applier, Batch, Rewound, Subscription
from chassis.database import Database
from chassis.errors import DependencyDown, Halt, PublishFailed
from chassis.health import Health
from chassis.kafka import cluster_id
from chassis.publisher import MAX_REQUEST_BYTES, Publisher
from chassis.settings import Settings
from contracts.envelope import Message, Record

T = TypeVar("T")
log = telemetry.get_logger()

EMPTY_PAUSE_MS = (
    1  # FastStream waits for a poll this long, and if it is empty sleeps as long, deaf to new records
)
POLL_WAIT_MS = (
    250  # so we wait for the poll ourselves: a record wakes it at once, and idling costs next to nothing
)
IDLE_AFTER = 1.0
REPORT_EVERY = 1.0
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
    ) -> None:
        self.name = subscription.name
        self.taken_over = asyncio.Event()
        self._subscription = subscription
        self._settings = settings
        self._database = database
        self._publisher = publisher
        self._health = health
        self._applier = Applier(subscription, service, settings, database, self._log_start)
        self._gate = asyncio.Lock()
        self._stopping = False
        self._attempt = 0
        self._waiting_for = ""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._publishing: asyncio.Task[None] | None = None
        # For each partition that is ours: what was read, applied and published up to here, and how often it was sought.
        # A batch drawn before a seek bears the older count and is dropped: it would leave a hole.
        self._read: dict[TopicPartition, int] = {}
        self._applied: dict[TopicPartition, int] = {}
        self._acked: dict[TopicPartition, int] = {}
        self._noted: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._seeks: dict[TopicPartition, int] = {}
        self._drawn: dict[TopicPartition, int] = {}
        self._idle_since = time.monotonic()
        self.polled_at = time.monotonic()
        self.busy_since: float | None = None
        self._rejoining_since: float | None = None

    # --- wiring -----------------------------------------------------------------------------------------------------

    def attach(self, broker: KafkaBroker) -> None:
        """Subscribe on a FastStream broker; with none of the defaults that commit or skip past failures."""
        settings = self._settings
        self._subscriber = broker.subscriber(
            *(settings.topic_prefix + topic for topic in self._subscription.topics),
            group_id=settings.topic_prefix + self.name,
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            parser=_parse,
            decoder=_undecoded,
            listener=self,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            batch_timeout_ms=EMPTY_PAUSE_MS,
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            max_records=self._subscription.max_records or settings.batch_max_records,
            max_partition_fetch_bytes=MAX_REQUEST_BYTES,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=max(settings.session_timeout_ms // 4, 200),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=600_000,  # our watchdog is stricter, and does not stop after the first exception
        )
        self._subscriber(self._receive)

    @property
    def _kafka(self) -> AIOKafkaConsumer:
        return self._subscriber.consumer

    def _watch_polls(self) -> None:
        """Stamp each poll's records with the seeks before it, at the very moment they are drawn."""
        consumer = self._kafka
        if getattr(consumer, "watched", False):
            return
        draw = consumer.getmany

        async def getmany(**limits: Any) -> dict[TopicPartition, list[ConsumerRecord]]:
            self.polled_at = time.monotonic()
            records: dict[TopicPartition, list[ConsumerRecord]] = await draw(
                **limits | {"timeout_ms": POLL_WAIT_MS}
            )
            self._drawn = dict(self._seeks)
            if records:
                self._idle_since = time.monotonic()
            elif time.monotonic() - self._idle_since > IDLE_AFTER:
                await self._when_idle()
            return records

        consumer.getmany = getmany
        consumer.watched = True

    # --- taking partitions over and giving them up ------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin to take partitions over; until their position is sought, their records are dropped."""
        self._watch_polls()
        self._start("take-over", self._take_over(set(assigned)))
        if "report" not in self._tasks:
            self._start("report", self._report())

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batch in flight end, publish it, note it, and forget the partitions."""
        self.taken_over.clear()
        self._cancel("take-over")
        self._cancel("resume")
        await self._drain()
        for partition in revoked:
            self._disown(partition)
            self._health.unhalt(partition.topic, partition.partition)

    async def _take_over(self, partitions: set[TopicPartition]) -> None:
        for attempt in range(1, 1_000_000):
            try:
                await self._seek_all(partitions)
                break
            except Exception as error:
                # Whatever it is, reading on without the position would lose records: wait and try again.
                self._health.waiting(
                    f"assignment ({self.name})", f"{type(error).__name__}: {str(error)[:200]}"
                )
                log.warning(
                    "cannot take partitions over", consumer=self.name, error=str(error), attempt=attempt
                )
                await asyncio.sleep(
                    backoff.delay(attempt, self._settings.retry_base, self._settings.retry_max)
                )
        self._health.clear(f"assignment ({self.name})")
        self.taken_over.set()

    async def _seek_all(self, partitions: set[TopicPartition]) -> None:
        if not partitions:
            return
        starts, ends = await asyncio.gather(
            self._kafka.beginning_offsets(list(partitions)), self._kafka.end_offsets(list(partitions))
        )
        cluster = await cluster_id(self._settings)
        async with self._database.transaction() as tx:
            rows = await progress.open_rows(tx, self.name, starts, cluster)
        for partition, row in rows.items():
            reason = progress.refusal_for(row, starts[partition], ends[partition], cluster)
            if reason:
                self._halt(partition, reason)
            else:
                self._kafka.seek(partition, row.published_offset)
                self._seeks[partition] = self._seeks.get(partition, 0) + 1
                self._read[partition] = row.published_offset
                self._applied[partition] = row.next_offset
                self._acked[partition] = self._noted[partition] = row.published_offset
        log.info("partitions taken over", consumer=self.name, partitions=len(partitions))

    def _disown(self, partition: TopicPartition) -> None:
        for positions in (self._read, self._applied, self._acked, self._noted, self._ends):
            positions.pop(partition, None)
        self._seeks[partition] = self._seeks.get(partition, 0) + 1

    def _halt(self, partition: TopicPartition, reason: str) -> None:
        self._disown(partition)
        with suppress(IllegalStateError):
            self._kafka.pause(partition)
        self._health.halted(partition.topic, partition.partition, reason)
        log.error(
            "partition halted",
            consumer=self.name,
            topic=partition.topic,
            partition=partition.partition,
            reason=reason,
        )

    # --- one batch --------------------------------------------------------------------------------------------------

    async def _receive(self, records: tuple[ConsumerRecord, ...]) -> None:
        async with self._gate:
            self.busy_since = time.monotonic()
            try:
                batch = None if self._stopping else self._accept(records)
                if batch is not None:
                    await self._process(batch)
            except Exception as error:  # a bug of the chassis itself: stop rather than guess
                log.exception("consumer failed", consumer=self.name)
                self._health.dead = f"{self.name}: {type(error).__name__}: {error}"
            finally:
                self.busy_since = None

    def _accept(self, records: tuple[ConsumerRecord, ...]) -> Batch | None:
        """The records that follow on what was read before; others are of partitions that are not ours (yet, any more)."""
        prefix = len(self._settings.topic_prefix)
        since: dict[TopicPartition, int] = {}
        accepted: list[Record] = []
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            if partition not in self._read or self._drawn.get(partition) != self._seeks.get(partition):
                continue
            since.setdefault(partition, self._read[partition])
            self._read[partition] = record.offset + 1
            accepted.append(_record(record, record.topic[prefix:]))
        return Batch(tuple(accepted), since, self._settings.topic_prefix) if accepted else None

    async def _process(self, batch: Batch) -> None:
        seeks = {partition: self._seeks[partition] for partition in batch.since}
        telemetry.BATCH_SIZE.labels(self.name).observe(len(batch.records))
        started = time.perf_counter()
        try:
            with telemetry.tracer().start_as_current_span(f"{self.name} batch"):
                messages = await self._applier.settle(batch, dict(self._acked))
        except DependencyDown as error:
            self._hold(batch, error.dependency, str(error))
            return
        except Halt as error:
            self._rewind(batch.first())
            for partition in [error.partition] if error.partition else list(self._read):
                self._halt(partition, str(error))
            return
        except Rewound as error:
            log.warning(
                "the database stands behind the log: reading again", consumer=self.name, partition=str(error)
            )
            for partition in list(self._read):
                self._disown(partition)
            self._start("take-over", self._take_over(set(self._kafka.assignment())))
            return
        telemetry.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        self._well()
        self._applied.update(
            {tp: max(offset, self._applied.get(tp, 0)) for tp, offset in batch.next().items()}
        )
        if self._publishing is not None:
            await self._publishing
        if any(self._seeks[partition] != count for partition, count in seeks.items()):
            self._rewind(batch.first())  # an earlier publish failed meanwhile: this one must not overtake it
            return
        self._publishing = asyncio.create_task(self._publish(batch, messages))
        if not messages:
            await self._publishing

    async def _publish(self, batch: Batch, messages: list[Message]) -> None:
        started = time.perf_counter()
        try:
            await self._publisher.publish(messages)
        except PublishFailed as error:
            self._hold(batch, "kafka", str(error))
            return
        telemetry.PUBLISH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        for partition, offset in batch.next().items():
            if partition in self._acked:
                self._acked[partition] = max(offset, self._acked[partition])

    # --- seeking back -----------------------------------------------------------------------------------------------

    def _hold(self, batch: Batch, dependency: str, reason: str) -> None:
        """Seek back, pause everything that is ours, and go on after a while; polling and heartbeats continue."""
        self._attempt += 1
        self._rewind(batch.first())
        self._health.waiting(dependency, reason)
        telemetry.RETRIES.labels(self.name, dependency).inc()
        log.warning(
            "waiting", consumer=self.name, dependency=dependency, reason=reason, attempt=self._attempt
        )
        self._waiting_for = dependency
        with suppress(IllegalStateError):
            self._kafka.pause(*self._read)
        self._start(
            "resume",
            self._resume(backoff.delay(self._attempt, self._settings.retry_base, self._settings.retry_max)),
        )

    async def _resume(self, after: float) -> None:
        await asyncio.sleep(after)
        for partition in self._read:
            with suppress(IllegalStateError):
                self._kafka.resume(partition)

    def _well(self) -> None:
        if self._attempt:
            self._attempt = 0
            self._health.clear(self._waiting_for)
            log.info("going on", consumer=self.name)

    def _rewind(self, offsets: dict[TopicPartition, int]) -> None:
        for partition, offset in offsets.items():
            if partition not in self._read:
                continue
            target = min(offset, self._read[partition])
            with suppress(IllegalStateError):
                self._kafka.seek(partition, target)
            self._read[partition] = target
            self._seeks[partition] += 1

    # --- beside the batches -----------------------------------------------------------------------------------------

    async def _when_idle(self) -> None:
        """Nothing to read: note what is published, and step over transaction markers at the end of the log."""
        self._idle_since = time.monotonic()
        if self._gate.locked() or (self._publishing is not None and not self._publishing.done()):
            return
        for partition in list(self._read):
            with suppress(IllegalStateError, AssertionError):
                position = await self._kafka.position(partition)
                if (
                    partition in self._read
                    and position > self._read[partition]
                    and self._drawn == self._seeks
                ):
                    self._read[partition] = self._applied[partition] = self._acked[partition] = position
        with suppress(Exception):  # the next batch or the next idle moment notes it
            await self._note()

    async def _note(self) -> None:
        """Write down what is published; the transaction of the next batch would do it, too."""
        behind = {
            tp: offset
            for tp, offset in self._acked.items()
            if offset > self._noted.get(tp, -1) and tp in self._applied
        }
        if not behind:
            return
        async with self._database.transaction() as tx:
            await progress.lock(tx, self.name, behind)
            await progress.advance(tx, self.name, behind, behind)
        self._noted.update(behind)

    async def _report(self) -> None:
        """Each second: lag for people, and Kafka's committed offset for lag tools."""
        while True:
            await asyncio.sleep(REPORT_EVERY)
            try:
                async with asyncio.timeout(5):
                    self._ends = await self._kafka.end_offsets(list(self._read)) if self._read else {}
                self._health.clear(f"kafka ({self.name})")
            except (KafkaError, TimeoutError, IllegalStateError, AssertionError) as error:
                self._health.waiting(f"kafka ({self.name})", type(error).__name__)
            for partition, lag in self._lags().items():
                telemetry.LAG.labels(self.name, partition.topic, str(partition.partition)).set(lag)
            await self._commit()

    async def _commit(self) -> None:
        """Tell Kafka where we are, for lag tools; nobody reads it back."""
        offsets = {partition: self._acked[partition] for partition in self._read if self._acked[partition]}
        try:
            if offsets:
                await asyncio.wait_for(self._kafka.commit(offsets), 5)
        except (KafkaError, TimeoutError, IllegalStateError):
            telemetry.COMMIT_FAILURES.labels(self.name).inc()

    def _lags(self) -> dict[TopicPartition, int]:
        lags: dict[TopicPartition, int] = {}
        for partition, applied in self._applied.items():
            with suppress(AssertionError, AttributeError):
                end = max(self._kafka.highwater(partition) or 0, self._ends.get(partition, 0))
                lags[partition] = max(0, end - applied)
        return lags

    async def lag(self) -> int:
        """Records of our partitions that are not yet applied."""
        return sum(self._lags().values())

    def stuck(self, now: float) -> str | None:
        """Why this consumer will not heal by itself, or None. `now`: monotonic seconds."""
        if self.busy_since is not None and now - self.busy_since > self._settings.handler_timeout:
            return f"a batch of {self.name} takes longer than {self._settings.handler_timeout:.0f} s"
        if self.busy_since is None and now - self.polled_at > POLL_WITHIN:
            return f"{self.name} has not polled for {POLL_WITHIN:.0f} s"
        # aiokafka has no public word for either of these two states, and knows ways into both that it does not leave.
        coordinator = getattr(self._kafka, "_coordinator", None)
        coordination = getattr(coordinator, "_coordination_task", None)
        if coordination is not None and coordination.done() and not self._stopping:
            return f"the group coordination of {self.name} died"
        rejoin = getattr(coordinator, "_rejoin_needed_fut", None)
        self._rejoining_since = (
            (self._rejoining_since or now) if rejoin is not None and rejoin.done() else None
        )
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

    def _start(self, name: str, work: Any) -> None:
        self._cancel(name)
        self._tasks[name] = asyncio.create_task(work, name=f"{self.name} {name}")

    def _cancel(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()


async def _parse(records: tuple[ConsumerRecord, ...], original: Any) -> Any:
    """FastStream's own parser decodes every header and would fail the whole batch for one; it never sees ours."""
    message = await original((_without_headers(records[0]),))
    message.raw_message = records
    return message


async def _undecoded(message: Any, _original: Any) -> Any:
    return message.raw_message


def _without_headers(record: ConsumerRecord) -> ConsumerRecord:
    return ConsumerRecord(
        **{field: getattr(record, field) for field in record.__dataclass_fields__} | {"headers": ()}
    )


def _record(record: ConsumerRecord, topic: str) -> Record:
    return Record(
        topic,
        record.partition,
        record.offset,
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
        record.key,
        record.value,
        tuple(record.headers),
    )
