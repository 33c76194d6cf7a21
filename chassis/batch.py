"""One batch: lock the progress, sort out what is new, decide it, save it, advance. The heart of the delivery rules.

Everything happens in one transaction of the service's database, so a crash at any point leaves either all of it or
nothing; what must be published is returned, and redelivery finds it again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from aiokafka import TopicPartition

from chassis import backoff, clock, deadletters, open_letters, progress, telemetry
from chassis.database import Database, DatabaseError, Transaction, is_not_now
from chassis.deadletters import Failure
from chassis.errors import DependencyDown, Halt, InvalidMessage, TooMuch
from chassis.health import VERSION
from chassis.settings import Settings
from contracts.envelope import Message, Record

T = TypeVar("T")
log = telemetry.get_logger()

WHOLE_ATTEMPTS = 2  # a lost race for a slot or a lock heals by trying again; the third time in halves
LONE_ATTEMPTS = 3
SLICE = 32  # records: some milliseconds


@dataclass(frozen=True)
class Subscription(Generic[T]):
    """What a service does with the records of some topics (names without prefix).

    `decode` reads one record: None skips it, InvalidMessage sets it aside. `handle` applies a batch in the given
    transaction, in log order, and returns the messages to publish, in that order. `again` returns the same messages,
    byte for byte, for records that were applied before but perhaps not published. Both may raise TooMuch for more than
    one record, `handle` also Refused. `committed` is called after a commit that applied something.
    `gather`: seconds for which a batch that is not full waits for more records; for work nobody waits for.
    `weigh` returns the work that a decoded record makes, in units of its subscription; a batch of more than one record
    never weighs more than `max_weight`. `refuse_too_heavy` answers a record that is too slow for the database even
    alone and with larger limits; without it such a record is set aside.
    """

    name: str
    topics: tuple[str, ...]
    decode: Callable[[Record], T | None]
    handle: Callable[[Transaction, Sequence[tuple[Record, T]]], Awaitable[Sequence[Message]]]
    again: Callable[[Transaction, Sequence[tuple[Record, T]]], Awaitable[Sequence[Message]]]
    max_records: int | None = None
    committed: Callable[[], None] | None = None
    gather: float = 0.0
    weigh: Callable[[T], int] | None = None
    max_weight: int = 2_000
    refuse_too_heavy: Callable[[Transaction, Record, T], Awaitable[Sequence[Message]]] | None = None


class Rewound(Exception):
    """The database stands before what this consumer has read: it was restored, or reset, under us."""


class Read(NamedTuple, Generic[T]):
    """A record and what it says; `failure` when it cannot be read."""

    record: Record
    value: T | None
    failure: InvalidMessage | None


@dataclass(frozen=True)
class Batch:
    """Records of one or more partitions, in log order within each.

    `partitions` has the partition of each record, as the broker names it; `since`, for each of them, the offset from
    which the log was read without a break up to these records.
    """

    records: tuple[Record, ...]
    since: dict[TopicPartition, int]
    partitions: tuple[TopicPartition, ...]

    def first(self) -> dict[TopicPartition, int]:
        """The first offset of each partition."""
        offsets = [record.offset for record in self.records]
        return dict(zip(reversed(self.partitions), reversed(offsets), strict=True))

    def next(self) -> dict[TopicPartition, int]:
        """The offset after the last record of each partition."""
        return dict(zip(self.partitions, [record.offset + 1 for record in self.records], strict=True))

    def halves(self) -> "tuple[Batch, Batch]":
        """The same records as two batches, each without a break."""
        middle = len(self.records) // 2
        front = self._part(slice(middle), self.since)
        return front, self._part(slice(middle, None), {**self.since, **front.next()})

    def _part(self, which: slice, since: dict[TopicPartition, int]) -> "Batch":
        partitions = self.partitions[which]
        return Batch(self.records[which], {tp: since[tp] for tp in set(partitions)}, partitions)


class Applier(Generic[T]):
    """Applies batches of one subscription to the service's database."""

    def __init__(
        self,
        subscription: Subscription[T],
        service: str,
        settings: Settings,
        database: Database,
        log_start: Callable[[TopicPartition], Awaitable[int]],
    ) -> None:
        self._subscription = subscription
        self._service = service
        self._settings = settings
        self._database = database
        self._log_start = log_start
        self._condemned: deque[float] = deque()
        self._spare = asyncio.Event()
        self._spare.set()

    async def read(self, batch: Batch) -> list[Read[T]]:
        """What the records of a batch say: read in slices, while the database works on the batch before."""
        read: list[Read[T]] = []
        for first in range(0, len(batch.records), SLICE):
            await self._spare.wait()
            await asyncio.sleep(0)
            read += map(self._read, batch.records[first : first + SLICE])
        return read

    async def settle(
        self, batch: Batch, read: list[Read[T]], acked: dict[TopicPartition, int]
    ) -> list[Message]:
        """Apply a batch and return what to publish, in log order; whole, whole again, in halves, the culprit alone.

        `read`: what its records say. `acked`: everything below it is published. Raises DependencyDown (nothing of the
        failing part was applied), Halt and Rewound.
        """
        attempts = WHOLE_ATTEMPTS if len(batch.records) > 1 else LONE_ATTEMPTS
        first = clock.now()
        for attempt in range(1, attempts + 1):
            try:
                return await self._apply(batch, read, acked)
            except (DependencyDown, Halt, Rewound):
                raise
            except TooMuch:
                return await self._in_halves(batch, read, acked)
            except Exception as error:
                if is_not_now(error):
                    raise DependencyDown(_dependency(error), _brief(error)) from error
                failure = self._failed(batch, error, attempt, first)
                await asyncio.sleep(
                    backoff.delay(attempt, self._settings.retry_base, self._settings.retry_max)
                )
        if len(batch.records) == 1:
            self._check_rate()
            return await self._apply(batch, read, acked, condemned=failure)
        return await self._in_halves(batch, read, acked)

    async def _in_halves(
        self, batch: Batch, read: list[Read[T]], acked: dict[TopicPartition, int]
    ) -> list[Message]:
        front, back = batch.halves()
        middle = len(front.records)
        return [
            *await self.settle(front, read[:middle], acked),
            *await self.settle(back, read[middle:], acked),
        ]

    def _failed(self, batch: Batch, error: Exception, attempt: int, first: datetime) -> Failure:
        telemetry.RETRIES.labels(self._subscription.name, type(error).__name__).inc()
        log.warning(
            "batch failed",
            consumer=self._subscription.name,
            records=len(batch.records),
            first=batch.records[0].position,
            attempt=attempt,
            exc_info=error,
        )
        return Failure("handle", type(error).__name__, _brief(error), attempt, first, clock.now())

    def _check_rate(self) -> None:
        """A bad deploy must not drain a topic into the dead letters."""
        now = time.monotonic()
        self._condemned.append(now)
        while self._condemned[0] < now - self._settings.dead_letter_window:
            self._condemned.popleft()
        if len(self._condemned) > self._settings.dead_letter_cap:
            raise Halt(
                f"more than {self._settings.dead_letter_cap} records failed within {self._settings.dead_letter_window:.0f} s"
            )

    async def _apply(
        self,
        batch: Batch,
        read: list[Read[T]],
        acked: dict[TopicPartition, int],
        condemned: Failure | None = None,
    ) -> list[Message]:
        try:
            async with self._database.transaction() as tx:
                self._spare = tx.spare
                rows = await progress.lock(tx, self._subscription.name, batch.since)
                await self._check_gaps(batch, rows)
                items = [(item, rows[tp]) for item, tp in zip(read, batch.partitions, strict=True)]
                old = [
                    item
                    for item, row in items
                    if row.published_offset <= item.record.offset < row.next_offset
                ]
                fresh = [item for item, row in items if item.record.offset >= row.next_offset]
                cluster = rows[batch.partitions[0]].cluster_id
                messages = await self._again(tx, old, cluster) if old else []
                messages += await self._handle(tx, fresh, condemned, cluster)
                await open_letters.close(tx, self._service, [item.record for item in fresh])
                await progress.advance(tx, self._subscription.name, batch.next(), acked)
        finally:
            self._spare.set()
        telemetry.RECORDS.labels(self._subscription.name).inc(len(fresh))
        telemetry.AGAIN.labels(self._subscription.name).inc(len(batch.records) - len(fresh))
        if fresh and self._subscription.committed:
            self._subscription.committed()
        return messages

    def _read(self, record: Record) -> Read[T]:
        if open_letters.is_note(record, self._service):
            return Read(record, None, None)
        try:
            return Read(record, self._subscription.decode(record), None)
        except InvalidMessage as error:
            return Read(record, None, error)
        except Exception as error:
            return Read(record, None, InvalidMessage(f"{type(error).__name__}: {error}"))

    async def _check_gaps(self, batch: Batch, rows: progress.Rows) -> None:
        """Offsets may be missing only where the log never had records: transaction markers, aborted records."""
        for partition, first in batch.first().items():
            row = rows.get(partition)
            if row is None or batch.since[partition] > row.next_offset:
                raise Rewound(f"{partition.topic}/{partition.partition}")
            # What is still to be published must still be there, too, unless it was read before this batch.
            wanted = max(row.published_offset, min(batch.since[partition], row.next_offset))
            if first <= wanted:
                continue
            start = await self._log_start(partition)
            if start > wanted:
                raise Halt(
                    f"records {wanted} to {start - 1} were deleted before they were applied", partition
                )
            telemetry.GAPS.labels(self._subscription.name).inc()

    async def _again(self, tx: Transaction, old: Sequence[Read[T]], cluster: str) -> list[Message]:
        """What was set aside is told as a dead letter again, and by nothing else."""
        letters = await deadletters.load(
            tx, self._subscription.name, self._service, cluster, [item.record for item in old]
        )
        pairs = [
            (item.record, item.value)
            for item in old
            if item.value is not None and item.record.position not in letters
        ]
        return [*(await self._subscription.again(tx, pairs) if pairs else ()), *letters.values()]

    async def _handle(
        self, tx: Transaction, fresh: Sequence[Read[T]], condemned: Failure | None, cluster: str
    ) -> list[Message]:
        letters = [
            (item.record, self._letter(item.record, failure, cluster))
            for item in fresh
            if (failure := condemned or _unreadable(item)) is not None
        ]
        await deadletters.save(tx, self._subscription.name, cluster, letters)
        pairs = [(item.record, item.value) for item in fresh if item.value is not None and not condemned]
        messages = list(await self._subscription.handle(tx, pairs)) if pairs else []
        return messages + [letter for _, letter in letters]

    def _letter(self, record: Record, failure: Failure, cluster: str) -> Message:
        telemetry.DEAD_LETTERS.labels(self._subscription.name, failure.stage).inc()
        log.error(
            "record set aside",
            consumer=self._subscription.name,
            record=record.position,
            error=failure.message,
        )
        return deadletters.letter(record, self._subscription.name, self._service, failure, VERSION, cluster)


def _unreadable(item: Read[T]) -> Failure | None:
    if item.failure is None:
        return None
    # The record's own time, not the clock's: the letter of a redelivered record must be the same.
    at = item.record.timestamp
    return Failure("decode", "InvalidMessage", str(item.failure), 1, at, at)


def _dependency(error: Exception) -> str:
    known = isinstance(error, (*DatabaseError, OSError, asyncio.TimeoutError))
    return "postgres" if known else type(error).__name__


def _brief(error: BaseException) -> str:
    return str(error)[:500]
