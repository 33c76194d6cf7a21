"""The headers of a message are read back, and a stranger's headers do no harm."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts import envelope
from contracts.envelope import Envelope, MalformedEnvelope

ID = UUID("5f0c6a52-3d0c-4a0a-9a55-0d7f2b1f6f0e")
ORGANIZATION = UUID(int=7)


def test_what_is_written_is_read_back() -> None:
    written = Envelope(
        id=ID,
        type="appointment.create",
        source="ingress",
        subject="x",
        time=datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC),
        organization=ORGANIZATION,
        actor="service:reminders",
        correlation_id="abc",
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        reply_partition=3,
        cause="booking.commands/1/2",
    )
    assert envelope.read(written.headers()) == written


def test_four_headers_are_enough_for_a_command() -> None:
    head = [
        ("ce_id", str(ID).encode()),
        ("ce_type", b"appointment.create"),
        ("actor", b"u"),
        ("organization", str(ORGANIZATION).encode()),
    ]
    read = envelope.read(head)
    assert (read.id, read.type, read.actor, read.organization) == (
        ID,
        "appointment.create",
        "u",
        ORGANIZATION,
    )


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        pytest.param([], "ce_id is missing", id="no headers"),
        pytest.param([("ce_id", b"7"), ("ce_type", b"x")], "ce_id is not a UUID", id="an id that is no UUID"),
        pytest.param(
            [("ce_id", b"\xff"), ("ce_type", b"x")], "ce_id is not UTF-8", id="an id that is no text"
        ),
        pytest.param([("ce_id", str(ID).encode())], "ce_type is missing", id="no type"),
        pytest.param(
            [("ce_id", str(ID).encode()), ("ce_type", b"x"), ("organization", b"acme")],
            "organization is not a UUID",
            id="organization",
        ),
    ],
)
def test_the_missing_header_is_named(headers: list[tuple[str, bytes]], complaint: str) -> None:
    with pytest.raises(MalformedEnvelope, match=complaint):
        envelope.read(headers)


@pytest.mark.parametrize("value", [b"-1", b"99999999", b"x", b"", "٣".encode()])
def test_an_impossible_reply_partition_reads_as_none(value: bytes) -> None:
    head = [("ce_id", str(ID).encode()), ("ce_type", b"x"), ("reply-partition", value)]
    assert envelope.read(head).reply_partition is None


def test_a_strangers_other_headers_are_ignored() -> None:
    head = [
        ("ce_id", str(ID).encode()),
        ("ce_type", b"x"),
        ("anything", b"\xff\xfe"),
        ("ce_time", b"yesterday"),
    ]
    assert envelope.read(head).time is None


def test_the_first_of_two_equal_headers_counts() -> None:
    head = [("ce_id", str(ID).encode()), ("ce_id", b"junk"), ("ce_type", b"x")]
    assert envelope.read(head).id == ID
