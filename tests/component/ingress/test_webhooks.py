"""Reports of the Communication Service: only what it signed, once, and only what reads as a report."""

import asyncio
import time
from collections.abc import Callable

import httpx
import orjson
import pytest

from contracts.envelope import read
from services.ingress.domain.signatures import sign
from tests.component.ingress.running import SECRET, Ingress, is_ready, serve
from tests.component.ingress.webhooks import PATH, a_report, post, reports
from tests.support import eventually


def signed(body: bytes, ago: int = 0) -> str:
    """Return the signature of the service, made so many seconds ago."""
    return sign(SECRET, int(time.time()) - ago, body)


async def taken(ingress: Ingress, body: bytes) -> int:
    """How often this body is on the topic."""
    return [record.value for record in await reports(ingress)].count(body)


async def test_a_signed_report_is_on_the_topic_when_it_is_answered(ingress: Ingress) -> None:
    body = a_report("notification.bounced", reason="no such address")
    response = await post(ingress, body, signed(body))
    assert response.status_code == 202, response.text
    [record] = [record for record in await reports(ingress) if record.value == body]
    headers = read(record.headers)
    entity = orjson.loads(body)["data"]["entity_id"]
    assert (str(headers.id), headers.type) == (response.json()["id"], "notification.bounced")
    assert (headers.subject, record.key) == (entity, entity.encode())


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param(lambda body: None, "bad_signature", id="unsigned"),
        pytest.param(lambda body: "t=1,v1=", "bad_signature", id="empty"),
        pytest.param(lambda body: sign("another", int(time.time()), body), "bad_signature", id="forged"),
        pytest.param(lambda body: signed(body + b" "), "bad_signature", id="of another body"),
        pytest.param(lambda body: signed(body, 310), "signature_expired", id="stale"),
        pytest.param(lambda body: signed(body, -310), "signature_expired", id="of the future"),
    ],
)
async def test_what_the_service_did_not_just_sign_is_refused(
    ingress: Ingress, header: Callable[[bytes], str | None], code: str
) -> None:
    body = a_report()
    response = await post(ingress, body, header(body))
    assert (response.status_code, response.json()["code"]) == (401, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert await taken(ingress, body) == 0


async def test_a_replay_is_refused_and_a_report_sent_anew_is_the_same_report(ingress: Ingress) -> None:
    body = a_report()
    first = signed(body)
    accepted = await post(ingress, body, first)
    replay = await post(ingress, body, first)
    assert (replay.status_code, replay.json()["code"]) == (401, "replayed")
    again = await post(ingress, body, signed(body, ago=2))
    assert (again.status_code, again.json()["id"]) == (202, accepted.json()["id"])
    ids = [str(read(record.headers).id) for record in await reports(ingress) if record.value == body]
    assert ids == [accepted.json()["id"]] * 2


async def test_of_many_at_once_one_is_taken(ingress: Ingress) -> None:
    body = a_report()
    header = signed(body)
    answers = await asyncio.gather(*(post(ingress, body, header) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] + [401] * 7
    assert await taken(ingress, body) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"", 400, "malformed", id="nothing"),
        pytest.param(b"{", 400, "malformed", id="half an object"),
        pytest.param(b"[]", 422, "invalid", id="a list"),
        pytest.param(b"{}", 422, "invalid", id="an empty object"),
        pytest.param(a_report("message.opened"), 422, "invalid", id="an unknown type"),
        pytest.param(a_report(channel="fax"), 422, "invalid", id="an unknown channel"),
        pytest.param(a_report(timestamp="soon"), 422, "invalid", id="a time in words"),
        pytest.param(a_report(entity_id=None), 422, "invalid", id="about nothing"),
        pytest.param(a_report(reason="x" * 65_536), 413, "too_large", id="more than 64 KB"),
    ],
)
async def test_what_is_no_report_is_refused_though_it_is_signed(
    ingress: Ingress, body: bytes, status: int, code: str
) -> None:
    response = await post(ingress, body, signed(body))
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert await taken(ingress, body) == 0


async def test_without_a_secret_nothing_is_taken(ingress: Ingress) -> None:
    settings = ingress.settings.model_copy(update={"communication_webhook_secret": ""})
    body = a_report()
    async with serve(settings) as (_, client):
        await eventually(lambda: is_ready(client), 20)
        response: httpx.Response = await client.post(
            PATH, content=body, headers={"X-Signature": sign("", int(time.time()), body)}
        )
    assert (response.status_code, response.json()["code"]) == (503, "webhook_unavailable")
    assert await taken(ingress, body) == 0
