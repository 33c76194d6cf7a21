"""Read the records of one batch where Kafka's own client gives up: odd header names, and more than memory should hold.

The format is Kafka's record batch v2: each record begins with its length, so a bad one can be stepped over.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from contracts.envelope import Cut

KEY_MAX = 64 * 1024  # bytes that are kept of a key
VALUE_MAX = 2 * 1_048_576  # a longer value is cut: no topic of ours takes as much uncompressed
VALUE_KEPT = 64 * 1024  # of a value that is cut
HEADERS_MAX = 1_048_576  # bytes of a record's headers that are kept, beginning with the first
HEADERS_COUNT = 10_000  # so many are kept
_SKIP = 256 * 1024


class BrokenBatch(Exception):
    """From here on the bytes are no records."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Beside a raw record: `cut` for a value that was too long, `fault` for a record that breaks the format.

    `batch` says that nothing of a whole batch can be read; the record then only stands for its place.
    """

    fault: str | None = None
    cut: Cut | None = None
    batch: bool = False


class LenientRecord(NamedTuple):
    """The same attributes as aiokafka's own records; `checksum`, which this format has no use for, has our mark."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: Mark | None


class Source:
    """Bytes that come in pieces. Raises BrokenBatch at their end."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = b""
        self._at = 0
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes; the caller bounds the count."""
        end = self._at + count
        if end <= len(self._piece):
            taken = self._piece[self._at : end]
            self._at = end
            self.position += count
            return taken
        parts = []
        while count > 0:
            part = self._some(count)
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Step over `count` bytes."""
        while count > 0:
            count -= len(self._some(min(count, _SKIP)))

    def digest(self, count: int, kept: int) -> tuple[bytes, bytes]:
        """The first `kept` of the next `count` bytes, and the SHA-256 of all of them."""
        beginning = self.take(min(count, kept))
        digest = hashlib.sha256(beginning)
        count -= len(beginning)
        while count > 0:
            part = self._some(min(count, _SKIP))
            digest.update(part)
            count -= len(part)
        return beginning, digest.digest()

    def varint(self) -> int:
        """A zigzag-encoded integer of at most 64 bits."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:
                raise BrokenBatch("a number is too long")

    def _some(self, most: int) -> bytes:
        while self._at >= len(self._piece):
            try:
                self._piece, self._at = next(self._pieces), 0
            except StopIteration:
                raise BrokenBatch("the batch is cut off") from None
        part = self._piece[self._at : self._at + most]
        self._at += len(part)
        self.position += len(part)
        return part


class Frame(NamedTuple):
    """The header fields of a batch that its records need; `size`: how many they are."""

    base_offset: int
    first_timestamp: int
    max_timestamp: int
    timestamp_type: int
    size: int


def records(source: Source, frame: Frame) -> Iterator[LenientRecord]:
    """Yield each record of the batch; its mark has its fault. Raises BrokenBatch where no record follows."""
    offset = frame.base_offset - 1
    for _ in range(frame.size):
        length = source.varint()
        if length < 0:
            raise BrokenBatch("a record has a negative length")
        end = source.position + length
        record = _record(source, frame, end, offset + 1)
        if source.position < end:
            source.skip(end - source.position)
        offset = record.offset
        yield record


def has_many_headers(data: bytes, size: int) -> bool:
    """Return whether one of `size` records has too many headers or is malformed. Reads no header."""
    at = 0
    try:
        for _ in range(size):
            length, at = _number(data, at)
            end = at + length
            _, at = _number(data, at + 1)
            _, at = _number(data, at)
            for _part in ("key", "value"):
                length, at = _number(data, at)
                at += max(length, 0)
            count, _ = _number(data, at)
            if count > HEADERS_COUNT:
                return True
            at = end
    except IndexError:
        return True
    return False


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7


class _Odd(Exception):
    """The rest of this record cannot be read."""


def _record(source: Source, frame: Frame, end: int, expected: int) -> LenientRecord:
    offset, timestamp = expected, frame.max_timestamp
    key: bytes | None = None
    value: bytes | None = None
    cut: Cut | None = None
    headers: list[tuple[str, bytes | None]] = []
    fault: str | None = None
    try:
        source.take(1)  # attributes, unused
        delta = source.varint()
        if not frame.timestamp_type:
            timestamp = frame.first_timestamp + delta
        offset = max(frame.base_offset + source.varint(), expected)
        key = _key(source, end)
        value, cut = _value(source, end)
        fault = _headers(source, end, headers)
    except _Odd as error:
        fault = str(error)
    if source.position > end:
        raise BrokenBatch("a record is longer than it says")
    mark = Mark(fault, cut) if fault or cut else None
    return LenientRecord(offset, timestamp, frame.timestamp_type, key, value, headers, mark)


def _size(source: Source, end: int, part: str) -> int:
    size = source.varint()
    if size > end - source.position:
        raise _Odd(f"the {part} is longer than the record")
    return size


def _key(source: Source, end: int) -> bytes | None:
    size = _size(source, end, "key")
    if size < 0:
        return None
    key = source.take(min(size, KEY_MAX))
    source.skip(size - len(key))
    return key


def _value(source: Source, end: int) -> tuple[bytes | None, Cut | None]:
    size = _size(source, end, "value")
    if size < 0:
        return None, None
    if size <= VALUE_MAX:
        return source.take(size), None
    beginning, sha256 = source.digest(size, VALUE_KEPT)
    return beginning, Cut(size, sha256)


def _headers(source: Source, end: int, headers: list[tuple[str, bytes | None]]) -> str | None:
    """Add the headers and return their fault. A name that is not UTF-8 is kept with its bytes escaped."""
    count, room, fault = source.varint(), HEADERS_MAX, None
    if count < 0:
        raise _Odd("the number of headers is negative")
    for number in range(1, count + 1):
        size = _size(source, end, "name of a header")
        if size < 0:
            raise _Odd("the name of a header has a negative length")
        room -= size
        if number > HEADERS_COUNT or room < 0:
            return fault  # the headers that matter come first
        raw = source.take(size)
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            name = raw.decode(errors="backslashreplace")
            fault = f"the name of header {number} is not UTF-8: {name[:100]}"
        size = _size(source, end, "value of a header")
        room -= max(size, 0)
        if room < 0:
            return fault
        headers.append((name, source.take(size) if size >= 0 else None))
    return fault
