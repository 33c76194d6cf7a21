"""One client of Identity: bounded calls, the same headers, and one unreadable entry hides one person."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from prometheus_client import REGISTRY

from chassis.errors import DependencyDown, Refused
from identity.client import IDS_MAX, PATH, IdentityClient
from tests.unit.identity.stub import Identity, a_person


def seconds(result: str) -> float:
    return REGISTRY.get_sample_value("appointments_identity_call_seconds_count", {"result": result}) or 0.0


async def test_people_are_described_by_their_ids() -> None:
    anna, nobody = uuid4(), uuid4()
    identity = Identity([a_person(anna, name="A\0" + "x" * 1000, timezone="Mars/Olympus", active=1)])
    before = seconds("ok")
    found = await identity.client().validate([anna, nobody, anna])
    assert set(found) == {anna}
    assert (found[anna].name[:2], len(found[anna].name), found[anna].timezone) == ("A ", 200, "UTC")
    assert found[anna].active is False, "only what says true is true"
    assert identity.asked == [sorted(map(str, (anna, nobody)))]
    assert seconds("ok") == before + 1


async def test_every_call_has_the_same_headers_and_no_call_names_more_than_the_limit() -> None:
    identity = Identity([])
    waited: list[int] = []

    async def before() -> None:
        waited.append(len(identity.asked))

    await identity.client().validate([uuid4() for _ in range(2 * IDS_MAX + 1)], before)
    assert [len(ids) for ids in identity.asked] == [IDS_MAX, IDS_MAX, 1]
    assert waited == [0, 1, 2]
    assert {request.url.path for request in identity.requests} == {PATH}
    assert {request.headers["x-source-service"] for request in identity.requests} == {"appointment-service"}


async def test_nobody_is_asked_for_nobody() -> None:
    identity = Identity([])
    assert await identity.client().validate([]) == {}
    assert identity.asked == []


UNREADABLE: list[Any] = [None, 7, "x", [], {}, {"id": "x"}, a_person(UUID(int=5), organization_id=None)]


@pytest.mark.parametrize("entry", UNREADABLE)
async def test_an_entry_that_cannot_be_read_hides_that_person_alone(entry: Any) -> None:
    anna = uuid4()
    identity = Identity([entry, a_person(anna), entry])
    assert set(await identity.client().validate([anna, UUID(int=5)])) == {anna}


async def test_who_was_not_asked_for_is_not_believed() -> None:
    anna, stranger = uuid4(), uuid4()
    identity = Identity([a_person(anna), a_person(stranger)])
    identity.tells_everybody = True
    assert set(await identity.client().validate([anna])) == {anna}


@pytest.mark.parametrize(
    ("status", "for_good"),
    [
        *[(status, True) for status in (400, 404, 405, 409, 413, 414, 422)],
        *[(status, False) for status in (301, 401, 403, 408, 425, 429, 500, 502, 503)],
    ],
)
async def test_a_refusal_for_good_is_told_from_an_outage(status: int, for_good: bool) -> None:
    identity = Identity([], status)
    result = "refused" if for_good else "down"
    before = seconds(result)
    with pytest.raises(DependencyDown) as raised:
        await identity.client().validate([uuid4()])
    assert isinstance(raised.value, Refused) is for_good
    assert raised.value.dependency == "identity"
    assert seconds(result) == before + 1


@pytest.mark.parametrize("content", [b"", b"[", b"[]", b"null", b'{"users": 7}', b'{"people": []}', b"\xff"])
async def test_an_answer_that_cannot_be_read_is_an_outage(content: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content))
    client = httpx.AsyncClient(transport=transport, base_url="http://identity")
    with pytest.raises(DependencyDown) as raised:
        await IdentityClient("", timeout=5, client=client).validate([uuid4()])
    assert not isinstance(raised.value, Refused)


async def test_a_call_that_takes_too_long_is_an_outage() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = httpx.AsyncClient(transport=httpx.MockTransport(never), base_url="http://identity")
    with pytest.raises(DependencyDown, match=r"no answer within 0\.01 s"):
        await IdentityClient("", timeout=0.01, client=client).validate([uuid4()])


def test_the_body_is_what_identity_has_always_been_sent() -> None:
    identifier = UUID(int=1)
    identity = Identity([])
    asyncio.run(identity.client().validate([identifier]))
    assert orjson.loads(identity.requests[0].content) == {"user_ids": [str(identifier)]}
