"""Reader of aiokafka's fetched batches: no record can damage its neighbours or exhaust memory.

aiokafka reads several partitions in one poll; an error of one loses the records of those before it. Here no record
raises: one that cannot be read comes as a record with a mark. A poll also notes from where to where it read each
partition, which proves that an offset between was no record of ours (ADR 28). `install` is the seam: aiokafka has no
public one.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch

from chassis.kafka.lenient import BrokenBatch, Frame, LenientRecord, Mark, Source, has_many_headers, records
from chassis.kafka.unpacking import CannotUnpack, NeedsTooMuchMemory, pieces, whole
from contracts.envelope import Record

WHOLE_MAX = 8 * 1_048_576  # an unpacked batch up to this is read at once, a larger one piece by piece
PLAIN_MAX = (
    300_000  # bytes of a batch that is not packed, from which on it is looked at for masses of headers
)
POLL_BYTES = 8 * 1_048_576  # one poll takes no more bytes than this and one record
MANY = 10_000_000  # records in one batch: more than 1 MiB can honestly hold

_HEADER_COST = 100  # bytes of memory that a header takes beside its own
_HEADER = struct.Struct(">qiibIhiqqqhii")
_LEAST = 17  # bytes up to and with the format's number
_MAGIC = 16
_ATTRIBUTES = 21
_CREATE_TIME = 0
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Poll:
    """One poll: bytes that it has taken, and from where to where it has read each partition."""

    taken: int = 0
    scans: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)

    def scanned(self, partition: TopicPartition, since: int, upto: int) -> None:
        """Every offset from `since` to before `upto` was looked at."""
        begun = self.scans.get(partition)
        self.scans[partition] = (begun[0] if begun else since, upto)


POLL: ContextVar[Poll | None] = ContextVar("poll", default=None)
"""The poll that is going on, for those who need its scans; without it nothing is bounded."""


class Header(NamedTuple):
    """The fixed part of a record batch v2."""

    base_offset: int
    length: int
    epoch: int
    magic: int
    crc: int
    attributes: int
    last_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    sequence: int
    size: int


class FetchedBatch:
    """One record batch v2 as it came."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.header = Header(*_HEADER.unpack_from(raw))
        self.codec = self.header.attributes & 0x07
        self.timestamp_type = int(bool(self.header.attributes & 0x08))
        self.is_transactional = bool(self.header.attributes & 0x10)
        self.is_control = bool(self.header.attributes & 0x20)
        self.base_offset = self.header.base_offset
        self.next_offset = self.base_offset + self.header.last_delta + 1

    def is_intact(self) -> bool:
        """Return whether the checksum fits."""
        return bool(DefaultRecordBatch(self._raw).validate_crc())

    def plain(self) -> Any:
        """aiokafka's own batch, unpacked; None where that would be too large. Raises CannotUnpack."""
        packed = self._raw[_HEADER.size :]
        if not self.codec:
            suspicious = len(packed) > PLAIN_MAX and has_many_headers(packed, self.header.size)
            return None if suspicious else DefaultRecordBatch(self._raw)
        unpacked = whole(self.codec, packed, WHOLE_MAX)
        if unpacked is None or has_many_headers(unpacked, self.header.size):
            return None
        raw = bytearray(self._raw[: _HEADER.size])
        struct.pack_into(">h", raw, _ATTRIBUTES, self.header.attributes & ~0x07)
        return DefaultRecordBatch(bytes(raw) + unpacked)

    def records(self) -> Iterator[Any]:
        """Yield each record, or its readable part. Raises CannotUnpack and BrokenBatch where the rest is unreadable."""
        last = self.base_offset - 1
        batch = self.plain()
        if batch is not None:
            try:
                for record in batch:
                    yield record
                    last = record.offset
            except Exception:  # whatever the fast reader does not take, the lenient one looks at
                batch = None
            else:
                return
        for record in records(self._source(), self._frame()):
            if record.offset > last:
                yield record

    def _source(self) -> Source:
        packed = self._raw[_HEADER.size :]
        return Source(pieces(self.codec, packed) if self.codec else [packed])

    def _frame(self) -> Frame:
        head = self.header
        if head.size > MANY:
            raise BrokenBatch(f"the batch claims {head.size} records")
        return Frame(
            head.base_offset, head.first_timestamp, head.max_timestamp, self.timestamp_type, head.size
        )


class FetchedRecords:
    """In place of aiokafka's MemoryRecords: the batches of one partition in one answer of the broker."""

    def __init__(self, raw: bytes | bytearray | memoryview) -> None:
        self._raw = bytes(raw)
        self._at = 0

    def size_in_bytes(self) -> int:
        """The size of the answer."""
        return len(self._raw)

    def has_next(self) -> bool:
        """Return whether a whole batch follows; the broker cuts the last one off where the answer is full."""
        return self._end() is not None

    def next_batch(self) -> FetchedBatch:
        """The next batch. Raises CannotUnpack where it is of an older format, which no broker of today stores."""
        end = self._end()
        if end is None:
            raise IndexError("no batch follows")
        raw, self._at = self._raw[self._at : end], end
        if raw[_MAGIC] != 2 or len(raw) < _HEADER.size:
            raise CannotUnpack(f"a record batch of format {raw[_MAGIC]}")
        return FetchedBatch(raw)

    def _end(self) -> int | None:
        if len(self._raw) - self._at < _LEAST:
            return None
        (length,) = struct.unpack_from(">i", self._raw, self._at + 8)
        end = self._at + 12 + int(length)
        return end if length >= 5 and end <= len(self._raw) else None


class PartitionReader(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka is untyped
    """In place of aiokafka's PartitionRecords: the same rules for transactions, but no record raises."""

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[ConsumerRecord]:
        while self._records.has_next():
            try:
                batch = self._records.next_batch()
            except CannotUnpack as error:
                yield self._unreadable(str(error))
                return
            try:
                if self._steps_over(batch):
                    self._go_to(batch.next_offset)
                    continue
                for record in batch.records():
                    if record.offset < self.next_fetch_offset:
                        continue
                    self._go_to(record.offset + 1)
                    yield self._consumer_record(self._tp, record)
                    if self._is_full(record):
                        return
            except NeedsTooMuchMemory as error:
                yield self._set_aside(batch, str(error))
                continue
            except (CannotUnpack, BrokenBatch) as error:
                yield self._unreadable(str(error), batch)
                return
            self._go_to(batch.next_offset)

    def _set_aside(self, batch: FetchedBatch, reason: str) -> ConsumerRecord:
        """One record for all of a batch that is sound and beyond our memory: its partition goes on behind it."""
        last = batch.next_offset - 1
        fault = f"the records {self.next_fetch_offset} to {last} are packed so that {reason}"
        self._go_to(batch.next_offset)  # before it is handed out: a poll may end with it
        stand_in = LenientRecord(last, batch.header.max_timestamp, 1, None, None, [], Mark(fault))
        return self._consumer_record(self._tp, stand_in)

    def _steps_over(self, batch: FetchedBatch) -> bool:
        """Return whether the batch has nothing for us: a marker, or records of an aborted transaction."""
        if not batch.is_intact():
            raise BrokenBatch("the checksum of the batch does not fit")
        if self._isolation_level == fetcher.READ_COMMITTED and batch.header.producer_id >= 0:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control and self._contains_abort_marker(iter(batch.records())):
                self._aborted_producers.discard(batch.header.producer_id)
            if batch.is_transactional and batch.header.producer_id in self._aborted_producers:
                return True
        return batch.is_control

    def _go_to(self, offset: int) -> None:
        """All before `offset` was looked at."""
        begun, self.next_fetch_offset = self.next_fetch_offset, max(offset, self.next_fetch_offset)
        if (poll := POLL.get()) is not None:
            poll.scanned(self._tp, begun, self.next_fetch_offset)

    def _is_full(self, record: Any) -> bool:
        poll = POLL.get()
        if poll is None:
            return False
        poll.taken += len(record.value or b"") + len(record.key or b"") + _HEADER_COST * len(record.headers)
        return poll.taken > POLL_BYTES

    def _unreadable(self, reason: str, batch: FetchedBatch | None = None) -> ConsumerRecord:
        """Return a record that stands for an unreadable batch; the position stays before it."""
        self._go_to(self.next_fetch_offset)
        if batch is not None:
            reason += f"; by its header the next one begins at {batch.next_offset}"
        stand_in = LenientRecord(self.next_fetch_offset, 0, 1, None, None, [], Mark(reason, batch=True))
        return self._consumer_record(self._tp, stand_in)


def install() -> None:
    """Let every consumer of this process read through this module."""
    fetcher.MemoryRecords = FetchedRecords
    fetcher.PartitionRecords = PartitionReader


def mark_of(raw: ConsumerRecord) -> Mark | None:
    """A fault of a raw record."""
    return raw.checksum if isinstance(raw.checksum, Mark) else None


class UnreadableBatch(Exception):
    """A batch of the log cannot be read at all: its checksum does not fit, or it cannot be unpacked."""


def readable(batches: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> list[ConsumerRecord]:
    """All records of a poll. Raises UnreadableBatch where one of them only stands for a batch that cannot be read."""
    raws = [raw for batch in batches.values() for raw in batch]
    for raw in raws:
        mark = mark_of(raw)
        if mark is not None and mark.batch:
            raise UnreadableBatch(f"{raw.topic}/{raw.partition} from offset {raw.offset}: {mark.fault}")
    return raws


def record_of(raw: ConsumerRecord, prefix: str = "") -> Record:
    """Our own view of a raw record, its topic without the prefix. Raises UnreadableBatch."""
    mark = mark_of(raw)
    if mark is not None and mark.batch:
        raise UnreadableBatch(f"{raw.topic}/{raw.partition} from offset {raw.offset}: {mark.fault}")
    fault = mark.fault if mark else None
    try:
        timestamp = datetime.fromtimestamp(raw.timestamp / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        timestamp, fault = _EARLIEST, fault or f"the timestamp {raw.timestamp} is no date"
    return Record(
        raw.topic[len(prefix) :],
        raw.partition,
        raw.offset,
        timestamp,
        raw.key,
        raw.value,
        # Kafka's null reads as empty: readers of headers may rely on bytes.
        tuple([(name, value or b"") for name, value in raw.headers]),
        mark.cut if mark else None,
        fault,
        raw.timestamp_type == _CREATE_TIME,
    )
