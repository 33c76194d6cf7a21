"""A letter fits its topic and can be published whatever its record was, and says what was cut."""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.dead_letters.store import Failure, letter
from chassis.kafka.fitting import BEGINNING
from contracts.envelope import Cut, Message, RawHeaders, Record
from contracts.topics import MIB, dead_letters, redrive
from tests.support.examples import examples

AT = datetime(2028, 3, 1, 12, tzinfo=UTC)
FAILURE = Failure("decode", "InvalidMessage", "it is not JSON", 1, AT, AT)
CONSUMER = "booking.commands"


def a_record(
    value: bytes | None = b"{}", key: bytes | None = b"k", headers: RawHeaders = (("ce_id", b"1"),)
) -> Record:
    return Record(CONSUMER, 2, 17, AT, key, value, tuple(headers))


def letter_of(record: Record, failure: Failure = FAILURE, cluster: str = "c") -> Message:
    return letter(record, CONSUMER, "booking", failure, "1.0", cluster)


def story_of(message: Message) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers if name.startswith("dead-letter-")}


def size_on_the_wire(message: Message) -> int:
    """The bytes of a batch that has only this record, uncompressed, as the producer writes it."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=1,
        producer_epoch=0,
        base_sequence=0,
        batch_size=1,
    )
    assert builder.append(0, timestamp=1, key=message.key, value=message.value, headers=list(message.headers))
    return len(builder.build())


def test_a_record_of_ordinary_size_is_kept_byte_for_byte() -> None:
    record = a_record(b"x" * MIB, headers=(("ce_id", b"1"), ("odd", b"\xff"), ("none", None)))  # type: ignore[arg-type]
    kept = letter_of(record)
    assert (kept.key, kept.value, kept.headers[:3]) == (record.key, record.value, record.headers)
    assert story_of(kept)["dead-letter-cut"] == ""


def test_a_value_that_does_not_fit_is_cut_and_its_size_and_digest_are_kept() -> None:
    value = b"a" * 3_000_000
    kept = letter_of(a_record(value))
    story = story_of(kept)
    assert kept.value == value[:BEGINNING]
    assert (story["dead-letter-cut"], story["dead-letter-value-size"]) == ("value", "3000000")
    assert story["dead-letter-value-sha256"] == hashlib.sha256(value).hexdigest()
    assert (story["dead-letter-topic"], story["dead-letter-partition"]) == (CONSUMER, "2")
    assert story["dead-letter-offset"] == "17"


def test_a_value_that_came_cut_has_the_size_and_digest_of_the_whole() -> None:
    record = replace(a_record(b"begin"), cut=Cut(200_000_000, b"\x01" * 32))
    story = story_of(letter_of(record))
    assert (story["dead-letter-cut"], story["dead-letter-value-size"]) == ("value", "200000000")
    assert story["dead-letter-value-sha256"] == "01" * 32


def test_a_record_without_key_and_value_is_one_that_the_producer_takes() -> None:
    kept = letter_of(a_record(None, None))
    assert (kept.key, kept.value) == (None, b"")
    assert story_of(kept)["dead-letter-nothing"] == "neither key nor value"


def test_headers_that_do_not_fit_are_left_out_the_largest_first() -> None:
    headers = (("huge", b"x" * 3_000_000), ("ce_id", b"1"), ("large", b"x" * 400_000), ("actor", b"2"))
    kept = letter_of(a_record(headers=headers))
    assert [name for name, _ in kept.headers[:3]] == ["ce_id", "large", "actor"]
    assert story_of(kept)["dead-letter-cut"] == "headers"


@pytest.mark.parametrize(
    ("name", "published", "original"),
    [
        pytest.param("\udcff\udcfe", r"\udcff\udcfe", b"\xff\xfe", id="bytes that are not UTF-8"),
        pytest.param("a\ud800", r"a\ud800", b"a\xed\xa0\x80", id="a surrogate written as UTF-8"),
    ],
)
def test_a_header_name_that_is_no_text_is_escaped_and_its_bytes_are_noted(
    name: str, published: str, original: bytes
) -> None:
    kept = letter_of(a_record(headers=((name, b"1"), ("ce_id", b"2"))))
    assert kept.headers[0] == (published, b"1")
    assert base64.b64decode(story_of(kept)["dead-letter-header-names"]) == original


def test_a_name_that_has_been_escaped_before_stays_as_it_is() -> None:
    kept = letter_of(a_record(headers=((r"\xff\xfe", b"1"),)))
    assert kept.headers[0] == (r"\xff\xfe", b"1")
    assert "dead-letter-header-names" not in story_of(kept)


def test_an_error_that_quotes_no_valid_text_is_still_told() -> None:
    kept = letter_of(a_record(), replace(FAILURE, message="not \udcff here"))
    assert story_of(kept)["dead-letter-message"] == r"not \udcff here"


def test_a_stranger_cannot_say_that_a_letter_is_cut() -> None:
    kept = letter_of(a_record(headers=(("dead-letter-cut", b"value"),)))
    assert story_of(kept)["dead-letter-cut"] == ""


def test_the_id_is_the_same_at_each_redelivery_and_another_for_another_record() -> None:
    record = a_record()
    same = [letter_of(record), letter_of(replace(record))]
    others = [
        letter_of(record, cluster="another"),
        letter_of(replace(record, timestamp=AT.replace(minute=1))),
        letter_of(replace(record, offset=18)),
        letter(record, "booking.others", "booking", FAILURE, "1.0", "c"),
    ]
    ids = {story_of(one)["dead-letter-id"] for one in [*same, *others]}
    assert (same[0] == same[1], len(ids)) == (True, 1 + len(others))


TEXTS = st.text(st.characters(codec=None), max_size=40)
SIZES = st.sampled_from([0, 1, 300, 60_000, 70_000, 520_000, 2 * MIB - 70_000, 2 * MIB, 5 * MIB])
HEADERS = st.lists(st.tuples(TEXTS, st.one_of(st.none(), SIZES.map(lambda size: b"h" * size))), max_size=5)


@settings(max_examples=examples(60), deadline=None)
@given(HEADERS, SIZES, st.one_of(st.none(), SIZES), TEXTS, st.sampled_from([1, 9_000]))
def test_every_letter_fits_its_topic(
    headers: list[tuple[str, bytes]], key: int, value: int | None, message: str, times: int
) -> None:
    record = a_record(None if value is None else b"v" * value, b"k" * key, headers[:1] * times + headers)
    failure = replace(FAILURE, message=message * 200, error=message * 200)
    kept = letter_of(record, failure)
    assert size_on_the_wire(kept) <= dead_letters("booking").max_message_bytes
    assert kept == letter_of(record, failure)


def test_what_is_not_cut_fits_the_redrive_topic_with_the_reason_why() -> None:
    room = redrive("booking").max_message_bytes
    whole = next(
        kept
        for size in range(2 * MIB, 0, -10_000)
        if not story_of(kept := letter_of(a_record(b"x" * size)))["dead-letter-cut"]
    )
    sent = replace(whole, headers=(*whole.headers[:1], ("redrive-reason", "ü".encode() * 1_000)))
    assert room - 100_000 < size_on_the_wire(sent) <= room
