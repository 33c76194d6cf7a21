"""Records to commands: whatever a stranger sends becomes a command or a refusal, and never an accident."""

import json
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.commands import BODY_MAX_BYTES
from chassis.errors import InvalidMessage
from services.booking.domain.model import commands
from services.booking.domain.model.decision import Code, Refusal
from services.booking.domain.model.people import Actor
from services.booking.messages.commands import decode
from tests.unit.booking.builders import ANNA, BEN, ORG
from tests.unit.booking.records import BODY, COMMAND_ID, a_record

TO_ONE = {"appointment_id": str(UUID(int=0x100))}


def _command(*args: Any, **kwargs: Any) -> Any:
    command = decode(a_record(*args, **kwargs)).command
    assert isinstance(command, commands.Command), command
    return command


def _refusal(*args: Any, **kwargs: Any) -> Refusal:
    refusal = decode(a_record(*args, **kwargs)).command
    assert isinstance(refusal, Refusal), refusal
    return refusal


def test_a_create_gets_its_defaults() -> None:
    command = _command()
    assert isinstance(command, commands.Create)
    assert (command.id, command.organization, command.actor) == (COMMAND_ID, ORG, Actor(str(ANNA), ANNA))
    assert command.appointment_id == uuid5(COMMAND_ID, "appointment")
    assert (command.description, command.custom_fields, command.reminder_settings) == ("", {}, None)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("appointment.update", TO_ONE, commands.Update),
        (
            "appointment.reschedule",
            TO_ONE | {name: BODY[name] for name in ("start_time", "end_time")},
            commands.Update,
        ),
        ("appointment.confirm", TO_ONE, commands.Confirm),
        ("appointment.decline", TO_ONE | {"reason": "no"}, commands.Decline),
        ("appointment.cancel", TO_ONE | {"reason": "ill", "expected_version": 2}, commands.Cancel),
        ("appointment.check_in", TO_ONE, commands.CheckIn),
        ("appointment.complete", TO_ONE, commands.Complete),
        ("appointment.mark_no_show", TO_ONE, commands.MarkNoShow),
    ],
)
def test_every_type_is_read(kind: str, body: Any, expected: type[commands.Command]) -> None:
    assert type(_command(body, kind=kind)) is expected


def test_an_update_knows_what_was_sent_from_what_was_not() -> None:
    body = TO_ONE | {"description": None, "client_id": None, "custom_fields": None, "location": "Room 5"}
    command = _command(body, kind="appointment.update")
    assert command.content == {
        "description": "",
        "location": "Room 5",
        "client_id": None,
        "custom_fields": {},
    }
    assert command.participant_ids is None


def test_a_service_is_an_actor() -> None:
    assert _command(TO_ONE, kind="appointment.complete", actor="service:reminders").actor == Actor(
        "service:reminders"
    )


@pytest.mark.parametrize(
    "ce_id",
    [None, "", "42", b"\xff", "not-a-uuid"],
)
def test_without_a_readable_id_nobody_can_be_answered(ce_id: Any) -> None:
    with pytest.raises(InvalidMessage):
        decode(a_record(ce_id=ce_id))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"value": None}, id="no value"),
        pytest.param({"value": b"{"}, id="cut off"),
        pytest.param({"value": b"\xff\xfe"}, id="not UTF-8"),
        pytest.param({"value": b'{"title": NaN}'}, id="NaN"),
        pytest.param({"value": b'{"title": 1e999}'}, id="an infinite number"),
        pytest.param({"value": b'{"title": "\\ud800"}'}, id="half a surrogate pair"),
        pytest.param({"value": b"[" * 100_000}, id="a hundred thousand brackets"),
        pytest.param({"value": b"\xef\xbb\xbf{}"}, id="a byte order mark"),
        pytest.param({"kind": "appointment.explode"}, id="unknown type"),
        pytest.param({"kind": "preferences.set"}, id="a type of another service"),
        pytest.param({"ce_type": None}, id="no type"),
        pytest.param({"ce_type": b"\xff"}, id="type not UTF-8"),
        pytest.param({"actor": None}, id="no actor"),
        pytest.param({"actor": "bob"}, id="actor not a UUID"),
        pytest.param({"actor": b"\xff"}, id="actor not UTF-8"),
        pytest.param({"actor": "service:"}, id="a service without a name"),
        pytest.param({"actor": "service:a b"}, id="a service with an odd name"),
        pytest.param({"organization": None}, id="no organization"),
        pytest.param({"organization": "acme"}, id="organization not a UUID"),
        pytest.param({"correlation_id": b"\xff"}, id="correlation id not UTF-8"),
    ],
)
def test_malformed(sent: dict[str, Any]) -> None:
    assert _refusal(**sent).code is Code.MALFORMED


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param([], "", id="a list"),
        pytest.param(None, "", id="null"),
        pytest.param({}, "start_time", id="nothing in it"),
        pytest.param(BODY | {"surprise": 1}, "surprise", id="an unknown field"),
        pytest.param(BODY | {"title": ""}, "title", id="an empty title"),
        pytest.param(BODY | {"title": "   "}, "title", id="a blank title"),
        pytest.param(BODY | {"title": "x" * 201}, "title", id="a long title"),
        pytest.param(BODY | {"title": "a\0b"}, "title", id="NUL in the title"),
        pytest.param(BODY | {"title": "a\nb"}, "title", id="a newline in the title"),
        pytest.param(BODY | {"title": 7}, "title", id="a number as title"),
        pytest.param(BODY | {"description": "x" * 10_001}, "description", id="a long description"),
        pytest.param(BODY | {"meeting_url": "javascript:alert(1)"}, "meeting_url", id="a script as address"),
        pytest.param(BODY | {"timezone": "Mars/Olympus"}, "timezone", id="an unknown zone"),
        pytest.param(BODY | {"start_time": 1_800_000_000}, "start_time", id="a number as time"),
        pytest.param(BODY | {"start_time": "tomorrow"}, "start_time", id="a word as time"),
        pytest.param(BODY | {"start_time": "2027-03-08"}, "start_time", id="a date as time"),
        pytest.param(BODY | {"participant_ids": ["bob"]}, "participant_ids.0", id="a name as participant"),
        pytest.param(
            BODY | {"participant_ids": [str(UUID(int=number)) for number in range(501)]},
            "participant_ids",
            id="501 participants",
        ),
        pytest.param(
            BODY | {"custom_fields": {"a": "x" * 17_000}}, "custom_fields", id="17 KB custom fields"
        ),
        pytest.param(
            BODY | {"custom_fields": {"a": {"b": {"c": {"d": {"e": {}}}}}}}, "custom_fields", id="six levels"
        ),
        pytest.param(BODY | {"custom_fields": {"a": "\0"}}, "custom_fields", id="NUL in custom fields"),
        pytest.param(
            BODY | {"reminder_settings": {"pigeon": [5]}},
            "reminder_settings.pigeon.[key]",
            id="an odd channel",
        ),
        pytest.param(
            BODY | {"reminder_settings": {"email": [43_201]}},
            "reminder_settings.email.0",
            id="too early a lead",
        ),
        pytest.param(BODY | {"fold": 2}, "fold", id="fold 2"),
    ],
)
def test_invalid_names_the_field(body: Any, field: str) -> None:
    refusal = _refusal(body)
    assert refusal.code is Code.INVALID
    assert refusal.errors[0].field == field


@pytest.mark.parametrize("name", ["title", "start_time", "participant_ids", "timezone"])
def test_what_must_stay_cannot_be_null(name: str) -> None:
    assert _refusal(TO_ONE | {name: None}, kind="appointment.update").code is Code.INVALID


def test_a_body_beyond_256_kb_is_invalid() -> None:
    padding = b" " * (BODY_MAX_BYTES - len(orjson.dumps(BODY)))
    assert isinstance(_command(value=orjson.dumps(BODY) + padding), commands.Create)
    assert _refusal(value=orjson.dumps(BODY) + padding + b" ").errors[0].code == "too_large"


@pytest.mark.parametrize("levels", [200, 300, 900, 1_020])
def test_deep_nesting_is_refused_not_suffered(levels: int) -> None:
    value = orjson.dumps(BODY)[:-1] + b',"custom_fields":{"a":' + b"[" * levels + b"]" * levels + b"}}"
    received = decode(a_record(value=value))
    assert isinstance(received.command, Refusal)
    assert received.command.code is Code.INVALID


def test_ten_thousand_participants_are_refused_with_few_words() -> None:
    refusal = _refusal(BODY | {"participant_ids": ["x" * 10] * 10_000})
    assert len(refusal.errors) <= 50


def test_an_endless_field_name_is_not_repeated() -> None:
    refusal = _refusal(BODY | {"x" * 100_000: 1})
    assert len(refusal.errors[0].field) == 200


@pytest.mark.parametrize(
    ("headers", "organization", "partition"),
    [
        pytest.param({"actor": b"\xff", "reply_partition": "3"}, ORG, 3, id="an unreadable actor"),
        pytest.param(
            {"organization": "acme", "reply_partition": "3"}, None, 3, id="no readable organization"
        ),
        pytest.param({"ce_type": b"\xff", "reply_partition": "3"}, ORG, 3, id="an unreadable type"),
        pytest.param({"actor": b"\xff", "reply_partition": "-1"}, ORG, None, id="an impossible partition"),
    ],
)
def test_what_can_be_read_of_a_malformed_record_finds_the_way_back(
    headers: dict[str, Any], organization: UUID | None, partition: int | None
) -> None:
    received = decode(a_record(**headers))
    assert (received.id, received.organization, received.reply_partition) == (
        COMMAND_ID,
        organization,
        partition,
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param("request-7", "request-7", id="as sent"),
        pytest.param(None, str(COMMAND_ID), id="else the command's id"),
        pytest.param("a\nb", str(COMMAND_ID), id="none that would break a header"),
        pytest.param("x" * 201, str(COMMAND_ID), id="none without end"),
    ],
)
def test_correlation_id(sent: str | None, kept: str) -> None:
    assert decode(a_record(correlation_id=sent)).correlation_id == kept


FIRST = decode(a_record()).fingerprint


@pytest.mark.parametrize(
    ("again", "same"),
    [
        pytest.param(a_record(offset=99, partition=3, key=None), True, id="elsewhere"),
        pytest.param(
            a_record(correlation_id="other", reply_partition="2"), True, id="asked by another request"
        ),
        pytest.param(a_record(dict(reversed(BODY.items()))), True, id="fields in another order"),
        pytest.param(a_record(value=orjson.dumps(BODY, option=orjson.OPT_INDENT_2)), True, id="indented"),
        pytest.param(a_record(actor=str(ANNA).upper()), True, id="the actor in capitals"),
        pytest.param(a_record(BODY | {"title": "Other"}), False, id="another title"),
        pytest.param(a_record(actor=str(BEN)), False, id="another actor"),
        pytest.param(a_record(organization=str(UUID(int=9))), False, id="another organization"),
        pytest.param(a_record(kind="appointment.update"), False, id="another type"),
    ],
)
def test_fingerprint_tells_whether_the_same_is_asked(again: Any, same: bool) -> None:
    assert (decode(again).fingerprint == FIRST) is same


@given(
    value=st.none() | st.binary(max_size=200),
    headers=st.dictionaries(
        st.sampled_from(
            ["ce_type", "actor", "organization", "correlation_id", "traceparent", "reply_partition"]
        ),
        st.binary(max_size=40),
    ),
)
def test_no_bytes_whatsoever_raise(value: bytes | None, headers: dict[str, Any]) -> None:
    assert decode(a_record(value=value, **headers)).id == COMMAND_ID


_texts = st.text(st.sampled_from("aZ9 /:-T\0\n\tüß\u202e\ud83d\U0001f600"), max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(_texts, children, max_size=3),
    max_leaves=8,
)
_names = st.sampled_from([*BODY, "timezone", "fold", "custom_fields", "reminder_settings", "meeting_url"])


@given(st.dictionaries(_names, _json, max_size=4))
def test_no_json_whatsoever_raises(fields: dict[str, Any]) -> None:
    """Written by the standard library, which also writes NaN, half surrogates and endless numbers."""
    assert decode(a_record(value=json.dumps(BODY | fields).encode())).id == COMMAND_ID
