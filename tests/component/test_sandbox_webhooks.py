"""The sandbox Communication Service reports by signed webhook when it is told to."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from contracts.notifications import CommunicationEvent
from deploy.local.ports import free_port
from services.ingress.domain.signatures import verified
from tests.component.sandbox_process import sandbox
from tests.component.test_sandbox_communication import register, send
from tests.support import eventually

SECRET = "shared with the ingress"
Sent = tuple[str, str | None, bytes]


@contextlib.asynccontextmanager
async def receiver(statuses: list[int]) -> AsyncIterator[tuple[str, list[Sent]]]:
    """An address that answers with these statuses, then 202; and what was sent to it: path, signature, body."""
    got: list[Sent] = []

    async def app(scope: Scope, receive: Receive, respond: Send) -> None:
        request = Request(scope, receive)
        got.append((scope["path"], request.headers.get("x-signature"), await request.body()))
        await Response(status_code=statuses.pop(0) if statuses else 202)(scope, receive, respond)

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # pytest's are its own
    running = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started)
        yield f"http://127.0.0.1:{port}", got
    finally:
        server.should_exit = True
        await running


async def test_reports_are_signed_and_sent_again_until_they_are_taken(tmp_path: Path) -> None:
    async with receiver([503]) as (url, got):
        environment = {
            "COMMUNICATION_REPORTS": "webhook",
            "INGRESS_URL": url,
            "COMMUNICATION_WEBHOOK_SECRET": SECRET,
        }
        async with sandbox("communication", tmp_path, **environment) as (client, _):
            await register(client)
            await send(client, "key", entity_id="e")
            await eventually(lambda: len(got) >= 2)

            async def marked() -> bool:
                return bool((await client.get("/health")).json()["kafka"] == "up")

            await eventually(marked)
    (_, _, first), (path, signature, body) = got
    assert (path, body) == ("/api/appointments/webhooks/communication", first)
    verified(signature, body, SECRET, time.time())
    report = CommunicationEvent.model_validate(orjson.loads(body))
    assert (report.type, report.data.entity_id, report.data.idempotency_key) == (
        "notification.delivered",
        "e",
        "key",
    )
