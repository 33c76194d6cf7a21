"""Deliveries a second from the durable table, beside those of a bare client against the same receiver.

Both keep 64 calls in flight against a receiver in a process of its own that answers after 20 ms. The bare
client is httpx over the aiohttp transport, with the same bodies and headers and no table.
"""

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx
import uvloop
from aiohttp import web
from sqlalchemy import text

from chassis import http
from chassis.database.migrations import migrate
from chassis.service import Service
from chassis.topics.creation import ensure_topics
from deploy.local.ports import free_port
from services.notifier.clients.communication import send_body
from services.notifier.domain.delivery import Delivery
from services.notifier.main import build
from services.notifier.settings import NotifierSettings
from services.notifier.store import deliveries

DELIVERIES = 12_000
IN_FLIGHT = 64
ANSWER_SECONDS = 0.02
ORGANIZATIONS = 20
TARGET, AIM = 0.5, 0.8
_LEFT = text("SELECT greatest((SELECT count(*) FROM queue), (SELECT count(*) FROM outbox))")
SEND = "/api/communication/notifications/send"


class World(Protocol):
    """A place to measure: names of its own on a Kafka and a PostgreSQL."""

    bootstrap: str
    database_url: str
    topic_prefix: str


async def run(world: World) -> dict[str, Any]:
    """Measure both, the bare client before and after, and return the rates and their ratio."""
    settings = NotifierSettings(
        kafka_bootstrap_servers=world.bootstrap,
        database_url=world.database_url,
        topic_prefix=world.topic_prefix,
        communication_token="benchmark",
        deliveries_in_flight=IN_FLIGHT,
    )
    await migrate("notifier", settings)
    await ensure_topics(settings)
    async with _receiver() as url:
        before = await _bare(url)
        ours = await _deliver(settings.model_copy(update={"communication_url": url}))
        after = await _bare(url)
    bare = (before + after) / 2
    return {
        "deliveries": DELIVERIES,
        "deliveries_per_second": round(ours),
        "bare_client_per_second": round(bare),
        "ratio": round(ours / bare, 2),
        "target": TARGET,
        "aim": AIM,
    }


async def _deliver(settings: NotifierSettings) -> float:
    """Return deliveries a second, from the start of the dispatcher until the last is stored and published."""
    service = build(settings)
    await _fill(service)
    await service.start()
    try:
        began = time.perf_counter()
        first = await _left(service)
        while left := await _left(service):
            await asyncio.sleep(0.05)
            if left == first:
                began = time.perf_counter()
        return first / (time.perf_counter() - began)
    finally:
        await service.stop()


async def _left(service: Service) -> int:
    """Deliveries to be sent, and events about them to be published."""
    async with service.database.transaction() as tx:
        return int(await tx.scalar(_LEFT) or 0)


async def _fill(service: Service) -> None:
    now = datetime.now(UTC)
    organizations = [uuid4() for _ in range(ORGANIZATIONS)]
    planned = [_delivery(organizations[number % ORGANIZATIONS], now) for number in range(DELIVERIES)]
    async with service.database.transaction() as tx:
        await deliveries.plan(tx, [(item, _body(item)) for item in planned], now)


def _delivery(organization: UUID, now: datetime) -> Delivery:
    return Delivery(
        id=uuid4(),
        organization_id=organization,
        event_id=uuid4(),
        appointment_id=uuid4(),
        version=1,
        type="appointment_created",
        template_id="appointment_confirmation_v1",
        recipient_id=uuid4(),
        channel="email",
        priority="normal",
        state="planned",
        attempts=0,
        redrives=0,
        planned_at=now,
        timezone="Europe/Berlin",
        starts_at=now + timedelta(days=1),
        expires_at=now + timedelta(days=1),
        held_until=None,
        sent_at=None,
        delivered_at=None,
        reason=None,
        fallback_of=None,
        decision=None,
        actor=str(uuid4()),
        correlation_id=str(uuid4()),
        traceparent=None,
        cause="booking.events/0/0",
    )


def _body(item: Delivery) -> bytes:
    words = {
        "recipient_name": "Greta Albrecht",
        "appointment_title": "Quarterly review",
        "appointment_date": "Monday, 27 March 2028",
        "appointment_time": "09:00–10:00 (Europe/Berlin)",
        "location": "Room 2",
        "meeting_url": "",
        "organizer_name": "Jonas Becker",
        "appointment_id": str(item.appointment_id),
        "confirmation_link": f"https://hub.example/appointments/{item.appointment_id}",
    }
    return send_body(
        kind=item.type,
        channel=item.channel,
        recipient_id=item.recipient_id,
        template_id=item.template_id,
        data=words,
        priority=item.priority,
        appointment_id=item.appointment_id,
    )


async def _bare(url: str) -> float:
    """Return calls a second of a client without a table."""
    now = datetime.now(UTC)
    calls = [(item, _body(item)) for item in (_delivery(uuid4(), now) for _ in range(DELIVERIES // 2))]
    waiting = iter(calls)
    client = http.client(url, timeout=30, limits=IN_FLIGHT + 8)

    async def work(mine: Iterator[tuple[Delivery, bytes]]) -> None:
        for item, body in mine:
            answer = await client.post(SEND, content=body, headers=_headers(item))
            answer.raise_for_status()

    began = time.perf_counter()
    await asyncio.gather(*(work(waiting) for _ in range(IN_FLIGHT)))
    rate = len(calls) / (time.perf_counter() - began)
    await client.aclose()
    return rate


def _headers(item: Delivery) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": str(item.id),
        "Authorization": "Bearer benchmark",
        "X-Correlation-ID": str(item.correlation_id),
        "X-Request-ID": str(item.id),
        "X-Trace-ID": str(item.correlation_id),
        "X-User-ID": str(item.actor),
        "X-Organization-ID": str(item.organization_id),
    }


@asynccontextmanager
async def _receiver() -> AsyncIterator[str]:
    """Return the address of a service that answers after 20 ms, in a process of its own."""
    port = free_port()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(port,), daemon=True)
    process.start()
    client = http.client(f"http://127.0.0.1:{port}", timeout=1)
    try:
        await _until_it_answers(client)
        yield f"http://127.0.0.1:{port}"
    finally:
        await client.aclose()
        process.terminate()
        process.join()


async def _until_it_answers(client: httpx.AsyncClient) -> None:
    for _ in range(200):
        try:
            await client.post(SEND, content=b"{}")
            return
        except httpx.TransportError:
            await asyncio.sleep(0.05)
    raise RuntimeError("the receiver does not answer")


def _serve(port: int) -> None:
    uvloop.run(_answer(port))


async def _answer(port: int) -> None:
    async def accept(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(ANSWER_SECONDS)
        return web.Response(body=b'{"id": "1", "status": "accepted"}', status=202)

    app = web.Application()
    app.add_routes([web.post(SEND, accept), web.put("/api/communication/templates/{id}", accept)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()
