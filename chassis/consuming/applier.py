"""One batch: lock the progress, sort out what is new, decide it, save it, advance. The heart of the delivery rules.

Everything happens in one transaction of the service's database, so a crash at any point leaves either all of it or
nothing; the messages to publish are returned, and redelivery finds them again.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import asyncpg
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy import text

from chassis import backoff, clock, telemetry
from chassis.configuration.settings import Settings
from chassis.consuming import progress
from chassis.consuming.batch import Batch, Read, Rewound, Settled, Subscription
from chassis.database.transactions import Database, DatabaseError, Transaction, is_not_now, is_too_slow
from chassis.dead_letters import store, unresolved
from chassis.dead_letters.store import Failure
from chassis.errors import DependencyDown, Halt, InvalidMessage, PublishFailed, Refused, TooMuch
from chassis.health import VERSION
from contracts.envelope import Message, Record
from contracts.topics import DECIDED_BY_TIME

T = TypeVar("T")
log = telemetry.get_logger()

WHOLE_ATTEMPTS = 2  # a lost race for a slot or a lock heals by trying again; the third time in parts
LONE_ATTEMPTS = 3
SLOW_ATTEMPTS = 2  # a record alone that is too slow so often gets larger limits
WRITERS_TIME = (
    "its time is its writer's, because the topic had message.timestamp.type=CreateTime: nothing is decided by it "
    "(remedy: appointments topics --fix, then redrive this record)"
)
BROKEN_OFF_AFTER = (
    4.0  # seconds: the server ends a transaction that idles for 5 s, and the driver then knows no reason
)
LOST_RACES = 10  # for one record alone; by then the loser is not unlucky but wrong


@dataclass(frozen=True)
class _Terms:
    """How a batch is applied: its only record set aside (`condemned`), refused as too heavy, or with larger limits.

    `brief_locks`: its partition has failed before, and must not keep the others waiting for a lock each time it is tried.
    """

    condemned: Failure | None = None
    too_heavy: bool = False
    larger_limits: bool = False
    brief_locks: bool = False


_PLAIN = _Terms()
LARGER_LIMIT = 30.0  # seconds
_LARGER_LIMITS = text(
    "SELECT set_config('statement_timeout', '30000', true), set_config('idle_in_transaction_session_timeout', '30000', true)"
)
_BRIEF_LOCKS = text("SELECT set_config('lock_timeout', '100', true)")


class Applier(Generic[T]):
    """Applies batches of one subscription to the service's database."""

    def __init__(
        self, subscription: Subscription[T], service: str, settings: Settings, database: Database
    ) -> None:
        self._subscription = subscription
        self._service = service
        self._settings = settings
        self._database = database
        self._condemned: dict[TopicPartition, deque[float]] = {}
        self._spare = asyncio.Event()
        self._spare.set()

    async def idle(self) -> None:
        """Wait until the database works and the processor has time for decoding."""
        await self._spare.wait()
        await asyncio.sleep(0)

    def read(self, record: Record) -> Read[T]:
        """Decode one record."""
        if record.fault is not None:
            telemetry.UNREADABLE.labels(self._subscription.name, "record").inc()
            return Read(record, None, _unreadable(record, "fetch", record.fault))
        if unresolved.is_note(record, self._service):
            return Read(record, None, None)
        if record.writers_time and record.topic in DECIDED_BY_TIME:
            telemetry.UNREADABLE.labels(self._subscription.name, "record").inc()
            return Read(record, None, _unreadable(record, "decode", WRITERS_TIME))
        try:
            return Read(record, self._subscription.decode(record), None)
        except InvalidMessage as error:
            return Read(record, None, _unreadable(record, "decode", str(error)))
        except Exception as error:
            return Read(record, None, _unreadable(record, "decode", f"{type(error).__name__}: {error}"))

    async def settle(
        self,
        batch: Batch[T],
        acked: Callable[[], dict[TopicPartition, int]],
        attempts: Callable[[TopicPartition], int],
    ) -> AsyncIterator[Settled[T]]:
        """Apply a batch: whole, whole again, in parts, the culprit alone. Each part is yielded when it is committed.

        A part that cannot be applied takes the records behind it in its partitions along, and no others.
        `acked` returns the offsets below which everything is published; `attempts`, how often in a row a partition
        has failed before.
        """
        todo, failed = deque([batch]), set[TopicPartition]()
        while todo:
            part = todo.popleft().without(failed)
            if not part.reads:
                continue
            settled = await self._settle(part, acked, attempts)
            if settled is None:
                todo.extendleft(reversed(part.parts()))
                continue
            if settled.error is not None:
                failed |= set(part.since)
            yield settled

    async def _settle(
        self,
        part: Batch[T],
        acked: Callable[[], dict[TopicPartition, int]],
        attempts: Callable[[TopicPartition], int],
    ) -> Settled[T] | None:
        """Settle a part, or None: it is to be divided."""
        lone = len(part.reads) == 1
        before = attempts(part.partitions[0])
        first = clock.now()
        tries = LONE_ATTEMPTS if lone else WHOLE_ATTEMPTS
        for attempt in range(1, tries + 1):
            began = time.monotonic()
            try:
                return Settled(part, await self._apply(part, acked(), _Terms(brief_locks=before > 0)))
            except (Halt, Rewound) as error:
                return Settled(part, error=error)
            except (TooMuch, Refused) as error:
                if not lone:
                    return None
                failure = self._failed(part, error, attempt, first)
                break
            except DependencyDown as error:
                return Settled(part, error=error)
            except Exception as error:
                slow = _took_too_long(error, time.monotonic() - began)
                if lone and slow and before >= SLOW_ATTEMPTS:
                    return await self._alone(part, acked)
                if _heals(error, lone=lone, before=before):
                    return Settled(part, error=_down(error, too_much=slow))
                failure = self._failed(part, error, attempt, first)
                await asyncio.sleep(
                    backoff.delay(attempt, self._settings.retry_base, self._settings.retry_max)
                )
        return await self._set_aside(part, acked, failure) if lone else None

    async def _alone(self, part: Batch[T], acked: Callable[[], dict[TopicPartition, int]]) -> Settled[T]:
        """One record that was too slow several times: larger limits, then its refusal or a dead letter."""
        first, began = clock.now(), time.monotonic()
        try:
            return Settled(part, await self._apply(part, acked(), _Terms(larger_limits=True)))
        except (DependencyDown, Halt, Rewound) as error:
            return Settled(part, error=error)
        except Exception as error:
            if not _took_too_long(error, time.monotonic() - began, LARGER_LIMIT - 1):
                return Settled(part, error=_down(error))
            failure = self._failed(part, error, 1, first)
        if self._subscription.refuse_too_heavy is None or part.reads[0].value is None:
            return await self._set_aside(part, acked, failure)
        return await self._last(part, acked, _Terms(too_heavy=True))

    async def _set_aside(
        self, part: Batch[T], acked: Callable[[], dict[TopicPartition, int]], failure: Failure
    ) -> Settled[T]:
        if halt := self._rate_exceeded(part.partitions[0]):
            return Settled(part, error=halt)
        return await self._last(part, acked, _Terms(condemned=failure))

    async def _last(
        self, part: Batch[T], acked: Callable[[], dict[TopicPartition, int]], terms: _Terms
    ) -> Settled[T]:
        try:
            return Settled(part, await self._apply(part, acked(), terms))
        except (DependencyDown, Halt, Rewound) as error:
            return Settled(part, error=error)
        except Exception as error:
            return Settled(part, error=_down(error))

    def _failed(self, batch: Batch[T], error: Exception, attempt: int, first: datetime) -> Failure:
        telemetry.RETRIES.labels(self._subscription.name, type(error).__name__).inc()
        log.warning(
            "batch failed",
            consumer=self._subscription.name,
            records=len(batch.reads),
            first=batch.reads[0].record.position,
            attempt=attempt,
            exc_info=error,
        )
        return Failure("handle", type(error).__name__, _brief(error), attempt, first, clock.now())

    def _rate_exceeded(self, partition: TopicPartition) -> Halt | None:
        """Count a failure of our own code; a bad deploy must not drain a topic into the dead letters."""
        now = time.monotonic()
        condemned = self._condemned.setdefault(partition, deque())
        condemned.append(now)
        while condemned[0] < now - self._settings.dead_letter_window:
            condemned.popleft()
        if len(condemned) <= self._settings.dead_letter_cap:
            return None
        return Halt(
            f"more than {self._settings.dead_letter_cap} records failed within {self._settings.dead_letter_window:.0f} s",
            partition,
        )

    async def _apply(
        self, batch: Batch[T], acked: dict[TopicPartition, int], terms: _Terms = _PLAIN
    ) -> list[Message]:
        try:
            async with self._database.transaction() as tx:
                if terms.larger_limits:
                    await tx.execute(_LARGER_LIMITS)
                if terms.brief_locks:
                    await tx.execute(_BRIEF_LOCKS)
                self._spare = tx.idle
                rows = await progress.lock(tx, self._subscription.name, batch.since)
                _check_not_rewound(batch, rows)
                items = [(read, rows[tp]) for read, tp in zip(batch.reads, batch.partitions, strict=True)]
                old = [
                    read
                    for read, row in items
                    if row.published_offset <= read.record.offset < row.next_offset
                ]
                fresh = [read for read, row in items if read.record.offset >= row.next_offset]
                cluster = rows[batch.partitions[0]].cluster_id
                messages = await self._again(tx, old, cluster) if old else []
                messages += await self._handle(tx, fresh, terms, cluster)
                await unresolved.close(tx, self._service, [read.record for read in fresh])
                await progress.advance(tx, self._subscription.name, batch.next(), acked, batch.last())
        finally:
            self._spare.set()
        self._count(batch, len(fresh))
        # Where no handler ran, its state may be that of a transaction that was rolled back.
        if (
            self._subscription.committed
            and not terms.condemned
            and any(read.value is not None for read in fresh)
        ):
            self._subscription.committed()
        return messages

    def _count(self, batch: Batch[T], fresh: int) -> None:
        name, records = self._subscription.name, len(batch.reads)
        telemetry.RECORDS.labels(name).inc(fresh)
        telemetry.AGAIN.labels(name).inc(records - fresh)
        passed = sum(batch.next().values()) - sum(batch.since.values()) - records
        if passed > 0:
            telemetry.MARKERS.labels(name).inc(passed)

    async def _again(self, tx: Transaction, old: Sequence[Read[T]], cluster: str) -> list[Message]:
        """The messages of records that were applied before; of one that was set aside, its dead letter alone."""
        letters = await store.load(
            tx, self._subscription.name, self._service, cluster, [item.record for item in old]
        )
        pairs = [
            (item.record, item.value)
            for item in old
            if item.value is not None and item.record.position not in letters
        ]
        return [*(await self._subscription.republish(tx, pairs) if pairs else ()), *letters.values()]

    async def _handle(
        self, tx: Transaction, fresh: Sequence[Read[T]], terms: _Terms, cluster: str
    ) -> list[Message]:
        letters = [
            (item.record, self._letter(item.record, failure, cluster))
            for item in fresh
            if (failure := terms.condemned or item.failure) is not None
        ]
        await store.save(tx, self._subscription.name, cluster, letters)
        return [*await self._handled(tx, fresh, terms), *(letter for _, letter in letters)]

    async def _handled(self, tx: Transaction, fresh: Sequence[Read[T]], terms: _Terms) -> Sequence[Message]:
        pairs = [(item.record, item.value) for item in fresh if item.value is not None]
        if terms.condemned or not pairs:
            return ()
        if terms.too_heavy and self._subscription.refuse_too_heavy is not None:
            return await self._subscription.refuse_too_heavy(tx, *pairs[0])
        return await self._subscription.handle(tx, pairs)

    def _letter(self, record: Record, failure: Failure, cluster: str) -> Message:
        telemetry.DEAD_LETTERS.labels(self._subscription.name, failure.stage).inc()
        log.error(
            "record set aside",
            consumer=self._subscription.name,
            record=record.position,
            error=failure.message,
        )
        return store.letter(record, self._subscription.name, self._service, failure, VERSION, cluster)


def _check_not_rewound(batch: Batch[Any], rows: progress.Rows) -> None:
    for partition, since in batch.since.items():
        row = rows.get(partition)
        if row is None or since > row.next_offset:
            raise Rewound(f"{partition.topic}/{partition.partition}")


def _unreadable(record: Record, stage: str, reason: str) -> Failure:
    # The record's own time, not the clock's: the letter of a redelivered record must be the same.
    return Failure(stage, "InvalidMessage", reason, 1, record.timestamp, record.timestamp)


def _heals(error: Exception, *, lone: bool, before: int) -> bool:
    """Return whether the same records may be applied later: the error is not about them."""
    if isinstance(error, KafkaError | PublishFailed) or is_not_now(error):
        return True
    lost_race = getattr(error, "sqlstate", "") in ("23P01", "23505")
    return lost_race and lone and before < LOST_RACES


_BROKEN_OFF = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    ConnectionError,
)


def _took_too_long(error: Exception, seconds: float, broken_off_after: float = BROKEN_OFF_AFTER) -> bool:
    """Return whether a limit of ours ended the transaction; only the time tells it from a broken connection."""
    lost = isinstance(error, _BROKEN_OFF)
    return is_too_slow(error) or (lost and seconds >= broken_off_after)


def _down(error: Exception, *, too_much: bool = False) -> DependencyDown:
    if isinstance(error, KafkaError | PublishFailed):
        dependency = "kafka"
    elif isinstance(error, (*DatabaseError, OSError, asyncio.TimeoutError)):
        dependency = "postgres"
    else:
        dependency = type(error).__name__
    down = DependencyDown(dependency, _brief(error), too_much=too_much)
    down.__cause__ = error
    return down


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]
