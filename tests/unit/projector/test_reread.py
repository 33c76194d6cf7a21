"""The quick reader of rebuilds says what the strict one says."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from chassis.errors import InvalidMessage
from contracts.envelope import Message
from services.projector import messages
from services.projector.domain.calendar import Change
from services.projector.messages import Body
from services.projector.reread import reread
from tests.unit.projector.builders import (
    ANNA,
    BEN,
    MONDAY_9,
    a_notification,
    a_record,
    an_event,
    an_id,
    an_outcome,
    preferences_changed,
)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(an_event(), id="a booking"),
        pytest.param(
            an_event(client_id=an_id("client"), participant_ids=[]), id="for a client, without participants"
        ),
        pytest.param(
            an_event("participant_declined", confirmation_status={ANNA: "declined", BEN: "confirmed"}),
            id="answers",
        ),
        pytest.param(an_event("checked_in", checked_in={ANNA: MONDAY_9}), id="a check-in"),
        pytest.param(
            an_event(title="Größe\n\u2028 “x”", description="\t" + "ß" * 900), id="all kinds of text"
        ),
        pytest.param(an_event(custom_fields={"room": 2, "deep": [{"a": 1.5}]}), id="custom fields"),
        pytest.param(
            an_event(custom_fields={"long": 10**30, "exact": 2**63 + 1}), id="numbers beyond 64 bits"
        ),
        pytest.param(an_event(start_time=MONDAY_9.replace(microsecond=5)), id="microseconds"),
        pytest.param(an_event(reminder_settings={"email": [60, 15]}), id="reminder settings"),
        pytest.param(an_outcome(), id="an outcome"),
        pytest.param(a_notification(), id="a delivery"),
        pytest.param(preferences_changed(), id="preferences"),
    ],
)
def test_both_readers_agree(message: Message) -> None:
    """Every field is the same; only the audience, which a rebuild tells nothing, is left out."""
    record = a_record(message)
    strict = messages.read(record)
    assert strict is not None
    assert _without_audience(reread(record)) == _without_audience(strict.body)


def _without_audience(body: Body | None) -> Body | None:
    return body._replace(audience=()) if isinstance(body, Change) else body


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"title": 5}, id="a title that is a number"),
        pytest.param({"status": "maybe"}, id="an unknown status"),
        pytest.param({"start_time": "2027-01-04T09:00:00"}, id="a time without a zone"),
        pytest.param({"organizer_id": "nobody"}, id="an organizer that is no id"),
        pytest.param({"confirmation_status": {str(ANNA): "perhaps"}}, id="an unknown answer"),
    ],
)
def test_what_the_strict_reader_refuses_is_refused(changed: dict[str, Any]) -> None:
    """Whatever the views take out of an event is checked."""
    message = an_event()
    event = orjson.loads(message.value or b"")
    event["appointment"] |= changed
    with pytest.raises(InvalidMessage):
        reread(a_record(replace(message, value=orjson.dumps(event))))


def test_an_offset_is_read_the_strict_way() -> None:
    """A time as another producer may write it is the same instant."""
    message = an_event()
    assert message.value is not None
    told = message.value.replace(b"2027-01-04T09:00:00Z", b"2027-01-04T10:00:00+01:00")
    body = reread(a_record(replace(message, value=told)))
    assert isinstance(body, Change)
    assert body.start_time == MONDAY_9
