"""One partition's log, in Kafka's own format: the client's real parser reads it, good or bad."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from chassis import clock
from chassis.consuming.progress import milliseconds

_ATTRIBUTES = 21  # from here on the checksum counts; it stands in the four bytes before
_LOG_APPEND_TIME, _TRANSACTIONAL, _CONTROL, _GZIP = 0x08, 0x10, 0x20, 0x01
_PLACEHOLDER, _NOT_UTF8 = "~~name~~", b"\xff\xfe~~~~\xfe\xff"


class Kind(Enum):
    """The nature of a batch."""

    GOOD = "good"
    MARKER = "marker"  # of a transaction: no record for anybody
    ABORTED = "aborted"  # records of a transaction that was aborted
    BAD_NAME = "bad header name"  # one record whose header name is not UTF-8
    BAD_CHECKSUM = "bad checksum"
    UNPACKABLE = "cannot be unpacked"


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and a value at an offset."""

    offset: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as it lies in the log. `stamp`: the broker's time (ms) when it was appended."""

    base: int
    next: int
    kind: Kind
    stamp: int
    raw: bytes
    entries: tuple[Entry, ...] = ()


@dataclass
class Log:
    """Batches from `start` to `end`. `generation` grows when the topic is made anew.

    `shortened`: retention took what nobody had noted as published, among it the records `deleted`.
    """

    start: int = 0
    generation: int = 0
    batches: list[StoredBatch] = field(default_factory=list)
    shortened: bool = False
    deleted: list[Entry] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The offset of the next record."""
        return self.batches[-1].next if self.batches else self.start

    @property
    def is_sound(self) -> bool:
        """Whether all of it can be read, from where it was begun."""
        return self.readable_end == self.end and not self.generation and not self.shortened

    @property
    def readable_end(self) -> int:
        """Where the first batch lies that nobody can read; else the end."""
        bad = (batch.base for batch in self.batches if batch.kind in (Kind.BAD_CHECKSUM, Kind.UNPACKABLE))
        return next(bad, self.end)

    def append(self, pairs: Sequence[tuple[bytes, bytes]], kind: Kind = Kind.GOOD) -> None:
        """Append keys and values as one batch; an aborted one is followed by its marker."""
        base = self.end
        entries = tuple(Entry(base + n, key, value) for n, (key, value) in enumerate(pairs))
        producer = _producer(base) if kind is Kind.ABORTED else -1
        stamp = milliseconds(clock.now())
        raw = _encoded(entries, kind, producer, stamp)
        self.batches.append(StoredBatch(base, base + len(entries), kind, stamp, raw, entries))
        if kind is Kind.ABORTED:
            self.mark(producer, committed=False)

    def mark(self, producer: int, *, committed: bool) -> None:
        """Append the marker that ends a producer's transaction."""
        marker = Entry(self.end, struct.pack(">hh", 0, 1 if committed else 0), b"\0" * 6)
        stamp = milliseconds(clock.now())
        raw = _encoded((marker,), Kind.MARKER, producer, stamp)
        self.batches.append(StoredBatch(self.end, self.end + 1, Kind.MARKER, stamp, raw))

    def entries(self, kinds: Sequence[Kind] = (Kind.GOOD,)) -> list[Entry]:
        """Return the readable records of batches of these kinds, in order."""
        readable = (
            batch for batch in self.batches if batch.base < self.readable_end or self.readable_end == self.end
        )
        return [entry for batch in readable if batch.kind in kinds for entry in batch.entries]

    def value_at(self, offset: int) -> bytes | None:
        """The value of a good record, or None."""
        return next((entry.value for entry in self.entries() if entry.offset == offset), None)

    def first_since(self, timestamp: int) -> tuple[int, int] | None:
        """Offset and timestamp (ms) of the first record at or after a time."""
        stamps = ((entry.offset, batch.stamp) for batch in self.batches for entry in batch.entries)
        return next(((offset, stamp) for offset, stamp in stamps if stamp >= timestamp), None)

    def timestamp(self, offset: int) -> int | None:
        """The append time (ms) of an offset, or None where it is not in the log."""
        return next((batch.stamp for batch in self.batches if batch.base <= offset < batch.next), None)

    def read(self, offset: int, batches: int) -> bytes:
        """At most so many batches, beginning with the one that has `offset`: whole batches, as a broker sends them."""
        found = [batch.raw for batch in self.batches if batch.next > offset]
        return b"".join(found[:batches])

    def aborted_from(self, offset: int) -> list[tuple[int, int]]:
        """Producer and first offset of each aborted transaction that reaches beyond `offset`."""
        aborted = (batch for batch in self.batches if batch.kind is Kind.ABORTED and batch.next > offset)
        return [(_producer(batch.base), batch.base) for batch in aborted]

    def delete_before(self, offset: int) -> None:
        """Retention: forget whole batches before `offset`."""
        while self.batches and self.batches[0].next <= offset:
            self.start = self.batches.pop(0).next

    def recreate(self) -> None:
        """The topic is deleted and made anew: empty, from offset 0."""
        self.batches.clear()
        self.start = 0
        self.generation += 1


def _producer(base: int) -> int:
    return 1_000 + base


def _encoded(entries: Sequence[Entry], kind: Kind, producer: int, timestamp: int) -> bytes:
    in_transaction = producer >= 0
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=int(in_transaction),
        producer_id=producer,
        producer_epoch=0 if in_transaction else -1,
        base_sequence=0 if in_transaction else -1,
        batch_size=1 << 20,
    )
    headers = [(_PLACEHOLDER, b"1")] if kind is Kind.BAD_NAME else []
    for number, entry in enumerate(entries):
        builder.append(number, timestamp, entry.key, entry.value, headers)
    raw = bytearray(builder.build())
    raw[0:8] = struct.pack(">q", entries[0].offset)
    _set_attributes(raw, _LOG_APPEND_TIME)
    if kind is Kind.MARKER:
        _set_attributes(raw, _CONTROL | _TRANSACTIONAL)
    if kind is Kind.UNPACKABLE:
        _set_attributes(raw, _GZIP)
    if kind is Kind.BAD_NAME:
        raw = raw.replace(_PLACEHOLDER.encode(), _NOT_UTF8)
    _seal(raw)
    if kind is Kind.BAD_CHECKSUM:
        raw[-1] ^= 0xFF
    return bytes(raw)


def _set_attributes(raw: bytearray, bits: int) -> None:
    (attributes,) = struct.unpack_from(">h", raw, _ATTRIBUTES)
    struct.pack_into(">h", raw, _ATTRIBUTES, attributes | bits)


def _seal(raw: bytearray) -> None:
    struct.pack_into(">I", raw, _ATTRIBUTES - 4, calc_crc32c(bytes(raw[_ATTRIBUTES:])))
