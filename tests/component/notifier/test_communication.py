"""The calls as they go over the wire, and what their answers mean."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiohttp import web

from chassis.health import Health
from deploy.local.ports import free_port
from notifications.templates.catalogue import TEMPLATES
from services.notifier.clients.communication import CommunicationClient, Origin, send_body
from services.notifier.sending.template_registration import Registration
from tests.component.sandbox_process import sandbox
from tests.support import eventually

ORIGIN = Origin(uuid4(), str(uuid4()), "Ünicode\n", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


class Receiver:
    """Answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.status = 202
        self.headers: dict[str, str] = {}
        self.body = b'{"code": "odd", "detail": "Why."}'
        self.trickles = False
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.trickles:
            return await self._trickle(request)
        self.asked.append(
            (
                request.method,
                request.path_qs,
                {name.lower(): value for name, value in request.headers.items()},
                orjson.loads(body) if body else None,
            )
        )
        return web.Response(status=self.status, headers=self.headers, body=self.body)

    async def _trickle(self, request: web.Request) -> web.StreamResponse:
        """Begin at once and never end: each byte comes in time."""
        response = web.StreamResponse(status=self.status)
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    found.url = f"http://127.0.0.1:{port}"
    yield found
    await runner.cleanup()


@pytest.fixture
async def client(receiver: Receiver) -> AsyncIterator[CommunicationClient]:
    found = CommunicationClient(receiver.url, token="our-own", timeout=1)
    yield found
    await found.close()


def a_body() -> bytes:
    return send_body(
        kind="appointment_created",
        channel="email",
        recipient_id=uuid4(),
        template_id="appointment_confirmation_v1",
        data={"appointment_title": "Review"},
        priority="normal",
        appointment_id=uuid4(),
    )


async def test_a_send_carries_the_payload_the_key_and_the_headers_that_cross_services(
    client: CommunicationClient, receiver: Receiver
) -> None:
    key, body = uuid4(), a_body()
    assert await client.send(key, body, ORIGIN) is None
    [(method, path, headers, sent)] = receiver.asked
    assert (method, path) == ("POST", "/api/communication/notifications/send")
    assert sent == orjson.loads(body)
    assert sent.keys() == {
        "type",
        "channels",
        "recipients",
        "template_id",
        "template_data",
        "priority",
        "entity_type",
        "entity_id",
        "locale",
    }
    expected = {
        "idempotency-key": str(key),
        "authorization": "Bearer our-own",
        "content-type": "application/json",
        "x-correlation-id": "%C3%9Cnicode%0A",
        "x-request-id": str(key),
        "x-user-id": ORIGIN.actor,
        "x-organization-id": str(ORIGIN.organization_id),
        "x-trace-id": "0af7651916cd43dd8448eb211c80319c",
    }
    assert headers | expected == headers


async def test_an_answer_that_trickles_is_given_up_on(
    client: CommunicationClient, receiver: Receiver
) -> None:
    receiver.trickles = True
    failure = await client.send(uuid4(), a_body(), ORIGIN)
    assert failure
    assert (failure.status, failure.reason) == (None, "no answer within 1 s")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "HTTP 500", id="nothing"),
        pytest.param(b"<html>", "HTTP 500", id="no JSON"),
        pytest.param(b"[1]", "HTTP 500", id="no object"),
        pytest.param(b"\xff\xfe", "HTTP 500", id="no text"),
        pytest.param(b"[" * 100_000, "HTTP 500", id="deep"),
        pytest.param(b'{"detail": "a\\u0000b\\r\\nc"}', "HTTP 500 : a b  c", id="what nobody can store"),
        pytest.param(b'{"detail": "\\ud800"}', "HTTP 500", id="half a surrogate pair"),
        pytest.param(b'{"detail": "%s"}' % (b"x" * 10_000), "HTTP 500 : " + "x" * 289, id="a letter"),
    ],
)
async def test_whatever_a_refusal_says_its_reason_is_a_line_of_text(
    client: CommunicationClient, receiver: Receiver, body: bytes, reason: str
) -> None:
    receiver.status, receiver.body = 500, body
    failure = await client.send(uuid4(), a_body(), ORIGIN)
    assert failure
    assert failure.reason == reason


IN_AN_HOUR = "in an hour"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param(IN_AN_HOUR, 3600, id="a date"),
        pytest.param("soon", None, id="neither"),
    ],
)
async def test_a_refusal_says_why_and_when_to_come_back(
    client: CommunicationClient, receiver: Receiver, value: str, seconds: float | None
) -> None:
    if value is IN_AN_HOUR:  # from now, not from when the tests were collected
        value = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    receiver.status, receiver.headers = 503, {"Retry-After": value}
    failure = await client.send(uuid4(), a_body(), ORIGIN)
    assert failure
    assert (failure.status, failure.reason) == (503, "HTTP 503 odd: Why.")
    assert failure.retry_after == (pytest.approx(seconds, abs=60) if seconds else None)


async def test_nobody_there_is_a_failure_without_a_status() -> None:
    client = CommunicationClient(f"http://127.0.0.1:{free_port()}", token="x", timeout=1)
    failure = await client.send(uuid4(), a_body(), Origin())
    await client.close()
    assert failure
    assert failure.status is None
    assert failure.outage


@pytest.mark.parametrize("status", [404, 405])
async def test_a_service_without_registration_is_fine(
    client: CommunicationClient, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    registration = Registration(client, Health("test"), 600)
    assert await registration.register_all() is None
    assert len(receiver.asked) == 1


async def test_registration_waits_for_the_service_and_the_sandbox_takes_every_template(
    tmp_path: Path,
) -> None:
    health = Health("test")
    async with sandbox("communication", tmp_path) as (service, _):
        await service.put("/sandbox/faults", json={"status": 503})
        client = CommunicationClient(str(service.base_url), token="x", timeout=5)
        registration = Registration(client, health, 600)
        running = asyncio.create_task(registration.run())
        await eventually(lambda: "communication" in health._waiting)
        await service.delete("/sandbox/faults")
        await asyncio.wait_for(registration.done.wait(), 15)
        assert not health._waiting
        registered = (await service.get("/api/communication/templates")).json()
        assert {item["id"]: item["version"] for item in registered} == {
            template.id: template.version for template in TEMPLATES.values()
        }
        assert await registration.register_all() is None
        assert (await service.get("/api/communication/templates")).json() == registered
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await client.close()
