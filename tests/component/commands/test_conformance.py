"""Whatever is sent to booking or to the notifier: exactly one outcome, of one shape, in both alike."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from chassis.commands import BODY_MAX_BYTES
from chassis.errors import InvalidMessage
from contracts.envelope import Cut, Message, Record
from contracts.outcomes import Outcome, PreferencesOutcome
from contracts.tools.samples import GOOD
from tests.component.commands.records import ANNA, ORGANIZATION, OTHER_ORGANIZATION, a_record, with_each_text
from tests.component.commands.service import PARTITIONS, Service

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
W3C = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
SURROGATE = "\ud800"


async def answered(service: Service, record: Record) -> Any:
    """The outcome's body, after everything was checked that holds for every outcome."""
    messages = await service.apply(record)
    assert await service.repeat(record) == messages, "a replay publishes the same bytes"
    outcome = service.outcome(messages)
    body = shape_checked(service, record, outcome)
    ids = [headers_of(message)["ce_id"] for message in messages]
    assert len(set(ids)) == len(ids)
    return body


def shape_checked(service: Service, record: Record, outcome: Message) -> Any:
    body = orjson.loads(outcome.value or b"")
    model = Outcome if service.name == "booking" else PreferencesOutcome
    model.model_validate(body)
    headers = headers_of(outcome)
    assert body["command_id"] == str(UUID(record.header("ce_id")))
    assert headers["ce_type"] == f"command.{body['status']}"
    assert headers["cause"] == record.position
    assert (body["code"] is None) is (body["status"] == "accepted")
    assert all(set(error) == {"field", "code", "message"} for error in body["errors"])
    assert outcome.partition is None or 0 <= outcome.partition < PARTITIONS
    assert "traceparent" not in headers or W3C.fullmatch(headers["traceparent"])
    assert headers["correlation-id"].isprintable()
    return body


def headers_of(message: Message) -> Mapping[str, str]:
    return {name: value.decode() for name, value in message.headers}


async def for_each_type(service: Service, **sent: Any) -> dict[str, Any]:
    """The outcome of such a record of each type."""
    return {kind: await answered(service, a_record(service, kind, **sent)) for kind in service.types}


def verdicts(outcomes: Mapping[str, Any]) -> set[tuple[str | None, str | None]]:
    """The codes of outcomes, and the codes of their errors."""
    return {
        (outcome["code"], error) for outcome in outcomes.values() for error in _codes_of(outcome["errors"])
    }


def _codes_of(errors: list[Any]) -> set[str | None]:
    return {error["code"] for error in errors} or {None}


async def test_every_type_as_its_sample_has_it(service: Service) -> None:
    found = await for_each_type(service)
    assert "malformed" not in {outcome["code"] for outcome in found.values()}
    assert "invalid" not in {outcome["code"] for outcome in found.values()}


MALFORMED: dict[str, dict[str, Any]] = {
    "no value": {"value": None},
    "a value cut off": {"value": b'{"a":'},
    "a value that is not UTF-8": {"value": b'{"a": "\xff"}'},
    "half a surrogate pair": {"value": b'{"a": "\\ud800"}'},
    "NaN": {"value": b'{"a": NaN}'},
    "deeper than JSON is read": {"value": b"[" * 100_000},
    "no actor": {"actor": None},
    "an actor that is not UTF-8": {"actor": b"\xff"},
    "an actor that is none": {"actor": "bob"},
    "NUL in the actor": {"actor": f"{ANNA}\0"},
    "NUL in a service": {"actor": "service:a\0b"},
    "no organization": {"organization": None},
    "an organization that is none": {"organization": "acme"},
    "NUL in the organization": {"organization": f"{ORGANIZATION}\0"},
    "a correlation id that is not UTF-8": {"correlation-id": b"\xff"},
    "a traceparent that is not UTF-8": {"traceparent": b"\xff"},
    "a lone surrogate as UTF-8 would write it": {
        "correlation-id": SURROGATE.encode("utf-8", "surrogatepass")
    },
    "a null actor": {"actor": None, "more": (("actor", None),)},
    "a null organization": {"organization": None, "more": (("organization", None),)},
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed(service: Service, name: str) -> None:
    assert verdicts(await for_each_type(service, **MALFORMED[name])) == {("malformed", None)}


@pytest.mark.parametrize("kind", [None, b"\xff", b"", b"a\0b", b"appointment.explode", b"\xed\xa0\x80"])
async def test_a_type_that_is_none(service: Service, kind: bytes | None) -> None:
    outcome = await answered(service, a_record(service, service.types[0], ce_type=kind))
    assert outcome["code"] == "malformed"


@pytest.mark.parametrize("identifier", [None, b"", b"\xff", b"7", b"not-a-uuid", f"{ANNA}\0".encode()])
async def test_without_a_readable_id_nobody_can_be_answered(
    service: Service, identifier: bytes | None
) -> None:
    with pytest.raises(InvalidMessage):
        service.decode(a_record(service, service.types[0], ce_id=identifier))


TOO_LARGE = b'{"a": "' + b"x" * BODY_MAX_BYTES + b'"}'


async def test_too_large(service: Service) -> None:
    assert verdicts(await for_each_type(service, value=TOO_LARGE)) == {("invalid", "too_large")}


async def test_too_large_for_memory(service: Service) -> None:
    """Only the beginning was kept: size and digest decide, and another value under the same id is another command."""
    whole = Cut(10**8, hashlib.sha256(b"whole").digest())
    for kind in service.types:
        record = replace(a_record(service, kind, value=b'{"a": "xxx'), cut=whole)
        assert verdicts({kind: await answered(service, record)}) == {("invalid", "too_large")}
        same = replace(record, offset=record.offset + 1_000_000, value=b'{"a": "x')
        assert service.outcome(await service.apply(same)) == service.outcome(await service.repeat(record))
        other = replace(same, offset=same.offset + 1, cut=Cut(10**8, hashlib.sha256(b"other").digest()))
        assert code(service, await service.apply(other)) == "command_id_reused"


def code(service: Service, messages: list[Message]) -> Any:
    return orjson.loads(service.outcome(messages).value or b"")["code"]


@pytest.mark.parametrize("levels", [200, 300, 900, 1_020])
async def test_too_deep(service: Service, levels: int) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        value = b'{"custom_fields":{"a":' + opening * levels + b"1" + closing * levels + b"}}"
        found = await for_each_type(service, value=value)
        assert {outcome["code"] for outcome in found.values()} == {"invalid"}
        assert all(outcome["errors"] for outcome in found.values())


async def test_nul_and_half_a_surrogate_in_each_text_of_a_body(service: Service) -> None:
    for kind in service.types:
        for body in with_each_text(GOOD[kind], "a\0b"):
            outcome = await answered(service, a_record(service, kind, body))
            assert (outcome["code"], bool(outcome["errors"])) == ("invalid", True), (kind, body)
        for body in with_each_text(GOOD[kind], SURROGATE):
            assert (await answered(service, a_record(service, kind, body)))["code"] == "malformed", (
                kind,
                body,
            )


async def test_nul_in_the_name_of_a_field(service: Service) -> None:
    found = await for_each_type(service, body={"a\0b": 1})
    assert {outcome["code"] for outcome in found.values()} == {"invalid"}


HARMLESS: dict[str, dict[str, Any]] = {
    "a trace": {"traceparent": TRACE},
    "NUL in the trace": {"traceparent": "a\0b"},
    "NUL in a trace of the right length": {"traceparent": TRACE[:-1] + "\0"},
    "a trace in capitals": {"traceparent": TRACE.upper()},
    "a trace with more behind": {"traceparent": TRACE + "-extra"},
    "a trace with a line break": {"traceparent": TRACE + "\n"},
    "an endless trace": {"traceparent": "0" * 100_000},
    "an empty trace": {"traceparent": ""},
    "NUL in the correlation id": {"correlation-id": "a\0b"},
    "an endless correlation id": {"correlation-id": "x" * 100_000},
    "an empty correlation id": {"correlation-id": ""},
    "NUL in the source": {"ce_source": "a\0b"},
    "NUL in the subject": {"ce_subject": "a\0b"},
    "NUL in the cause": {"cause": "a\0b"},
    "NUL in the time": {"ce_time": "a\0b"},
    "a time beyond the calendar": {"ce_time": "9999-12-31T23:59:59-23:59"},
    "headers that nobody knows": {"more": (("anything", b"\xff\0"), ("anything", None), ("", b""))},
    "null in every header that may be absent": {
        "more": tuple(
            (name, None)
            for name in (
                "ce_source",
                "ce_subject",
                "ce_time",
                "correlation-id",
                "traceparent",
                "reply-partition",
                "cause",
            )
        )
    },
    "a second actor and a second organization": {
        "more": (("actor", b"bob"), ("organization", str(OTHER_ORGANIZATION).encode()), ("ce_id", b""))
    },
    "ids in capitals": {"actor": str(ANNA).upper(), "organization": str(ORGANIZATION).upper()},
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_a_header_that_is_odd_changes_nothing(service: Service, name: str) -> None:
    for kind in service.types:
        plain = await answered(service, a_record(service, kind))
        odd = await answered(service, a_record(service, kind, **HARMLESS[name]))
        assert odd["code"] not in ("malformed", "invalid")
        assert (odd["code"] == "not_allowed") is (plain["code"] == "not_allowed"), kind


@pytest.mark.parametrize("asked", ["-1", "6", "99999", "1e3", "x", "", "²", "3 ", "a\0b", "9" * 5_000])
async def test_a_partition_that_is_not_there(service: Service, asked: str) -> None:
    sent: dict[str, Any] = {"reply-partition": asked}
    for kind in service.types:
        record = a_record(service, kind, **sent)
        await answered(service, record)
        assert service.outcome(await service.repeat(record)).partition is None


async def test_a_partition_for_the_reply(service: Service) -> None:
    sent: dict[str, Any] = {"reply-partition": "5"}
    for kind in service.types:
        record = a_record(service, kind, value=b"{", **sent)
        assert service.outcome(await service.apply(record)).partition == 5


async def test_the_same_again_gets_the_same_outcome_whatever_its_letter_case(service: Service) -> None:
    for kind in service.types:
        identifier = uuid4()
        first = a_record(service, kind, ce_id=identifier)
        [outcome] = [message for message in await service.apply(first) if message.topic == service.outcomes]
        capitals: dict[str, Any] = {"actor": str(ANNA).upper(), "organization": str(ORGANIZATION).upper()}
        again = a_record(service, kind, ce_id=str(identifier).upper(), **capitals)
        assert await service.apply(again) == [outcome], kind
        backwards = dict(reversed(GOOD[kind].items()))
        assert await service.apply(a_record(service, kind, backwards, ce_id=identifier)) == [outcome], kind


async def test_a_used_id_is_refused_under_an_id_of_its_own(service: Service) -> None:
    for kind in service.types:
        identifier = uuid4()
        first = a_record(service, kind, ce_id=identifier)
        published = await service.apply(first)
        others = [a_record(service, kind, {"a": number}, ce_id=identifier) for number in range(2)]
        for other in others:
            assert (await answered(service, other))["code"] == "command_id_reused"
            published += await service.repeat(other)
        ids = [headers_of(message)["ce_id"] for message in published]
        assert len(set(ids)) == len(ids), kind
        assert await service.repeat(first, *others) == published
