"""Record batches as strangers write them: nothing raises, nothing is lost, and memory stays bounded."""

import hashlib
import struct
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from chassis.kafka import fetched
from chassis.kafka.fetched import POLL, FetchedRecords, PartitionReader, Poll, UnreadableBatch, record_of
from tests.support.batches import MIB, packed_by_zstd, sealed

PARTITION = TopicPartition("t", 0)
NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CODECS = [
    pytest.param(codec, id=name)
    for name, codec in (("none", NONE), ("gzip", GZIP), ("snappy", SNAPPY), ("lz4", LZ4), ("zstd", ZSTD))
]
PACKED = CODECS[1:]


def a_batch(*values: bytes, codec: int = NONE, base: int = 0, header: bytes = b"ab") -> bytearray:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 30)
    for n, value in enumerate(values):
        assert builder.append(n, 1_000 + n, b"key", value, [(header.decode(), b"1")]) is not None
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, base)
    return raw


def read(raw: bytes | bytearray, since: int = 0) -> tuple[list[ConsumerRecord], Poll]:
    poll = Poll()
    token = POLL.set(poll)
    reader = PartitionReader(PARTITION, FetchedRecords(raw), None, since, None, None, True, 1)
    found = list(reader)
    POLL.reset(token)
    return found, poll


@pytest.mark.parametrize("codec", CODECS)
def test_records_from_the_middle_of_a_batch(codec: int) -> None:
    found, poll = read(a_batch(b"a", b"b", b"c", codec=codec, base=10), since=11)
    assert [(raw.offset, raw.value, raw.key) for raw in found] == [(11, b"b", b"key"), (12, b"c", b"key")]
    assert poll.scans == {PARTITION: (11, 13)}


@pytest.mark.parametrize("codec", CODECS)
def test_a_header_name_that_is_not_text_harms_nobody_else(codec: int) -> None:
    plain = a_batch(b"a", b"b", b"c")
    plain = bytearray(plain.replace(b"\x04ab", b"\x04\xff\xfe", 1))
    found, poll = read(sealed(plain))
    first, *others = (record_of(raw) for raw in found)
    assert first.fault == "the name of header 1 is not UTF-8: \\xff\\xfe"
    assert (first.value, first.headers) == (b"a", (("\\xff\\xfe", b"1"),))
    assert [(record.value, record.fault) for record in others] == [(b"b", None), (b"c", None)]
    assert poll.scans == {PARTITION: (0, 3)}


def test_a_broken_checksum_stands_for_its_whole_batch_and_the_position_stays_before_it() -> None:
    good, bad, after = a_batch(b"a"), a_batch(b"b", b"c", base=1), a_batch(b"d", base=3)
    bad[70] ^= 1
    found, poll = read(good + bad + after)
    assert record_of(found[0]).value == b"a"
    with pytest.raises(UnreadableBatch, match="offset 1: the checksum"):
        record_of(found[1])
    assert len(found) == 2
    assert poll.scans == {PARTITION: (0, 1)}


@pytest.mark.parametrize("codec", PACKED)
def test_a_batch_that_cannot_be_unpacked(codec: int) -> None:
    raw = a_batch(b"a" * 1_000, codec=codec)
    raw[61 + 20 :] = b"\x00" * (len(raw) - 81)
    (found,), poll = read(sealed(raw))
    with pytest.raises(UnreadableBatch):
        record_of(found)
    assert poll.scans == {PARTITION: (0, 0)}


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
def test_a_huge_value_in_few_bytes_is_cut_and_its_neighbours_are_whole(codec: int) -> None:
    huge = b"a" * 30_000_000
    found, _ = read(a_batch(b"before", huge, b"after", codec=codec))
    before, cut, after = (record_of(raw) for raw in found)
    assert (before.value, after.value) == (b"before", b"after")
    assert cut.cut is not None
    assert (cut.cut.size, cut.cut.sha256) == (len(huge), hashlib.sha256(huge).digest())
    assert len(cut.value or b"") == 65_536
    assert cut.fault is None


def test_a_poll_ends_when_it_has_taken_enough_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched, "POLL_BYTES", 1_000)
    raw = a_batch(*[b"x" * 600] * 5)
    found, poll = read(raw)
    assert poll.scans == {PARTITION: (0, 2)}
    assert [record.offset for record in found] == [0, 1]
    found, poll = read(raw, since=2)
    assert poll.scans == {PARTITION: (2, 4)}


def _varint(number: int) -> bytes:
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def a_record(*parts: bytes, length: int | None = None) -> bytes:
    body = b"\x00" + b"".join(parts)
    return _varint(len(body) if length is None else length) + body


GOOD = a_record(_varint(0), _varint(1), _varint(-1), _varint(1), b"v", _varint(0))


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        pytest.param([_varint(0), _varint(0), _varint(99)], "the key is longer", id="key"),
        pytest.param([_varint(0), _varint(0), _varint(-1), _varint(99)], "the value is longer", id="value"),
        pytest.param(
            [_varint(0), _varint(0), _varint(-1), _varint(-1), _varint(-3)],
            "number of headers is neg",
            id="count",
        ),
        pytest.param(
            [_varint(0), _varint(0), _varint(-1), _varint(-1), _varint(1), _varint(-1)],
            "negative length",
            id="name",
        ),
    ],
)
def test_a_record_of_odd_structure_is_stepped_over(record: list[bytes], fault: str) -> None:
    raw = a_batch(b"v", b"v")
    payload = a_record(*record) + GOOD
    raw = bytearray(raw[:61] + payload)
    struct.pack_into(">i", raw, 8, len(raw) - 12)
    odd, good = (record_of(item) for item in read(sealed(raw))[0])
    assert fault in (odd.fault or "")
    assert (good.offset, good.value, good.fault) == (1, b"v", None)


def test_a_timestamp_that_is_no_date_is_a_fault() -> None:
    raw: Any = read(a_batch(b"v"))[0][0]
    odd = record_of(
        ConsumerRecord(**{**vars(raw), "timestamp": 1 << 62}) if hasattr(raw, "__dict__") else raw
    )
    assert "is no date" in (odd.fault or "")


def test_of_masses_of_headers_the_first_are_kept_and_the_record_stands() -> None:
    name = b"\x04id\x02x"
    many = [_varint(0), _varint(0), _varint(-1), _varint(1), b"v", _varint(70_000), name * 70_000]
    raw = a_batch(b"v", b"v")
    raw = bytearray(raw[:61] + a_record(*many) + GOOD)
    struct.pack_into(">i", raw, 8, len(raw) - 12)
    first, second = (record_of(item) for item in read(sealed(raw))[0])
    assert (len(first.headers), first.fault, first.value) == (10_000, None, b"v")
    assert (second.value, second.fault) == (b"v", None)


@pytest.mark.parametrize("content", [b"small", b"a" * 1_000_000])
def test_a_window_of_128_mib_around_a_small_batch_is_no_matter(content: bytes) -> None:
    batch = packed_by_zstd(a_batch(content, base=5), 128)
    (record,) = (record_of(item) for item in read(batch, since=5)[0])
    assert (record.value, record.fault) == (content, None)


@pytest.mark.parametrize(
    ("window", "size", "says_size"),
    [
        pytest.param(128, 20, False, id="at once"),
        pytest.param(128, 36, True, id="at once, of a size that is told"),
        pytest.param(64, 20, False, id="level 21"),
        pytest.param(32, 60, False, id="level 20, in pieces"),
    ],
)
def test_each_record_of_a_large_batch_is_read_whatever_its_window(
    window: int, size: int, says_size: bool
) -> None:
    values = [number.to_bytes(4, "big") * (MIB // 4) for number in range(size)]
    batch = packed_by_zstd(a_batch(*values), window, says_size)
    found: list[bytes | None] = []
    while len(found) < size:
        some, _ = read(batch, since=len(found))
        assert some, "each poll reads on"
        found += [record_of(item).value for item in some]
    assert found == values


def beyond_memory() -> bytes:
    """Two records in a batch that asks for a window of 128 MiB and is larger than is unpacked at once."""
    return packed_by_zstd(a_batch(b"a" * 25 * MIB, b"b"), 128)


def test_a_batch_beyond_our_memory_is_one_dead_letter_and_the_log_goes_on_behind_it() -> None:
    found, poll = read(beyond_memory() + a_batch(b"after", base=2))
    aside, after = (record_of(item) for item in found)
    assert "the records 0 to 1 are packed so that" in (aside.fault or "")
    assert (aside.offset, after.offset, after.value) == (1, 2, b"after")
    assert poll.scans == {PARTITION: (0, 3)}


def test_a_poll_that_ends_with_such_a_batch_has_read_it() -> None:
    """Otherwise the next poll would pass it without the record that stands for it."""
    poll = Poll()
    token = POLL.set(poll)
    next(PartitionReader(PARTITION, FetchedRecords(beyond_memory()), None, 0, None, None, True, 1))
    POLL.reset(token)
    assert poll.scans == {PARTITION: (0, 2)}
