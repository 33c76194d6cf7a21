"""Delivery reports as they are read: whatever a mail server said, one of them must not stop the others."""

from typing import Any

import orjson
import pytest

from chassis.errors import InvalidMessage
from contracts.envelope import Record
from contracts.topics import COMMUNICATION_EVENTS
from services.notifier.messages.incoming import Received, Report, decode
from tests.unit.notifier.builders import BEN, NOW, someone


def read(**data: Any) -> Received | None:
    """A report on Ben's e-mail, as the service writes it."""
    usual = {
        "entity_type": "appointment",
        "entity_id": str(someone("appointment")),
        "channel": "email",
        "recipient": str(BEN),
        "timestamp": "2028-03-20T12:00:00Z",
        "idempotency_key": str(someone("delivery")),
    }
    body = orjson.dumps({"type": "notification.bounced", "data": usual | data})
    return decode(Record(COMMUNICATION_EVENTS.name, 0, 0, NOW, None, body))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("No such mailbox.", "No such mailbox.", id="a line"),
        pytest.param(
            "550\r\nNo\x00 such\tmailbox\x1b[0m", "550  No  such mailbox [0m", id="what nobody can store"
        ),
        pytest.param("\x00", None, id="nothing that can be read"),
        pytest.param("x" * 100_000, "x" * 300, id="a letter"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_the_reason_is_one_line_of_text(text: str | None, reason: str | None) -> None:
    report = read(reason=text)
    assert isinstance(report, Report)
    assert report.reason == reason


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"timestamp": "0001-01-01T00:00:00+14:00"}, id="before the first day"),
        pytest.param({"timestamp": "9999-12-31T23:59:59-12:00"}, id="after the last day"),
        pytest.param({"timestamp": "2028-03-20T12:00:00"}, id="without a zone"),
        pytest.param({"channel": ""}, id="by no channel"),
        pytest.param({"recipient": None}, id="to nobody"),
    ],
)
def test_what_is_no_report_is_set_aside(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage):
        read(**data)


@pytest.mark.parametrize("key", ["", "\x00", "x" * 10_000, "00000000-0000-0000-0000-00000000000g"])
def test_ids_that_are_none_name_nothing(key: str) -> None:
    report = read(idempotency_key=key, recipient=key, entity_id=key)
    assert isinstance(report, Report)
    assert (report.delivery_id, report.recipient_id, report.appointment_id) == (None, None, None)
