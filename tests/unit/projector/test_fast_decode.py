"""The quick reader of rebuilds says what the strict one says."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from chassis.errors import InvalidMessage
from contracts.envelope import Message
from services.projector.domain.calendar import Change
from services.projector.messages import incoming
from services.projector.rebuild.fast_decode import quick_change
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
        pytest.param(an_event(start_time=MONDAY_9.replace(microsecond=5)), id="microseconds"),
        pytest.param(an_event(reminder_settings={"email": [60, 15]}), id="reminder settings"),
        pytest.param(an_event(series_id=an_id("weekly"), original_start_time=MONDAY_9), id="one of a series"),
        pytest.param(an_event(seats=1, participant_ids=[ANNA], waiting=[BEN]), id="somebody who waits"),
        pytest.param(an_event(hold_id=an_id("hold")), id="a hold that was used up"),
    ],
)
def test_both_readers_agree(message: Message) -> None:
    """Every field is the same; only the audience, which a rebuild tells nothing, is left out."""
    record = a_record(message)
    strict = incoming.read(record)
    assert strict is not None
    assert isinstance(strict.body, Change)
    assert quick_change(record.headers, record.value) == strict.body._replace(audience=())


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"title": 5}, id="a title that is a number"),
        pytest.param({"status": "\0"}, id="a status that is no text"),
        pytest.param({"start_time": "2027-01-04T09:00:00"}, id="a time without a zone"),
        pytest.param({"organizer_id": "nobody"}, id="an organizer that is no id"),
        pytest.param({"confirmation_status": {str(ANNA): 5}}, id="an answer that is a number"),
    ],
)
def test_what_the_strict_reader_refuses_is_refused(changed: dict[str, Any]) -> None:
    """Whatever the views take out of an event is checked."""
    message = an_event()
    event = orjson.loads(message.value or b"")
    event["appointment"] |= changed
    changed_record = a_record(replace(message, value=orjson.dumps(event)))
    assert quick_change(changed_record.headers, changed_record.value) is None
    with pytest.raises(InvalidMessage):
        incoming.read(changed_record)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(an_outcome(), id="an outcome"),
        pytest.param(a_notification(), id="a delivery"),
        pytest.param(preferences_changed(), id="preferences"),
        pytest.param(an_event(custom_fields={"long": 10**30}), id="a number that would be rounded"),
        pytest.param(an_event(custom_fields={"deep": [{"a": -(2**64)}]}), id="such a number far inside"),
        pytest.param(
            replace(an_event(), value=(an_event().value or b"").replace(b"09:00:00Z", b"09:00:00+00:00")),
            id="an offset instead of Z",
        ),
        pytest.param(replace(an_event(), headers=()), id="no headers"),
        pytest.param(replace(an_event(), value=None), id="no value"),
    ],
)
def test_what_is_left_to_the_strict_reader(message: Message) -> None:
    """Anything but a changed appointment as booking writes it."""
    assert quick_change(message.headers, message.value) is None


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"status": "maybe"}, id="an unknown status"),
        pytest.param({"confirmation_status": {str(ANNA): "perhaps"}}, id="an unknown answer"),
        pytest.param({"mood": "fine"}, id="an unknown field"),
    ],
)
def test_what_a_newer_release_says_is_read_the_strict_way(changed: dict[str, Any]) -> None:
    """So that the rebuilt view has what the live one has kept of it."""
    message = an_event()
    event = orjson.loads(message.value or b"")
    event["appointment"] |= changed
    record = a_record(replace(message, value=orjson.dumps(event)))
    assert quick_change(record.headers, record.value) is None
    assert isinstance(fact := incoming.read(record), incoming.Fact)
    assert isinstance(fact.body, Change)
    assert "mood" not in fact.body.body
