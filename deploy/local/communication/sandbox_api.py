"""The sandbox's own calls: arrived messages, schedules, and bounces."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from deploy.local.communication import listing
from deploy.local.communication.payloads import Bounces
from deploy.local.communication.service import rfc3339_fixed
from deploy.local.communication.store import Store
from deploy.local.sandbox.problems import Refused, json_response


def sandbox_calls(store: Store) -> APIRouter:
    """Return the routes of `/sandbox/messages`, `/sandbox/schedules` and `/sandbox/bounces`."""
    router = APIRouter(prefix="/sandbox", tags=["sandbox"])
    _add_messages(router, store)
    _add_bounces(router, store)
    return router


def _add_messages(router: APIRouter, store: Store) -> None:
    @router.get("/messages")
    async def messages(
        type: str | None = None,  # noqa: A002 - the parameter's name in the interface
        recipient: str | None = None,
        entity_id: str | None = None,
        since: str | None = None,
        limit: Annotated[int | None, Query(ge=1)] = None,
    ) -> Response:
        """List arrived messages, oldest first, one for each effect; `since` includes its own instant."""
        chosen = listing.Filter(type, recipient, entity_id, _instant(since))
        return StreamingResponse(_pieces(store, chosen, limit), media_type="application/json")

    @router.delete("/messages", status_code=204)
    async def clear() -> None:
        """Delete messages, schedules and idempotency keys."""
        store.clear()

    @router.get("/schedules")
    async def schedules() -> Response:
        """List the reminders of `reminders/schedule`."""
        return json_response(listing.schedules(store.database))


async def _pieces(store: Store, chosen: listing.Filter, limit: int | None) -> AsyncIterator[bytes]:
    with contextlib.closing(store.snapshot()) as snapshot:
        for piece in listing.message_list(snapshot, chosen, limit):
            yield piece
            await asyncio.sleep(0)  # a long list must not keep other calls waiting


def _add_bounces(router: APIRouter, store: Store) -> None:
    @router.get("/bounces")
    async def show_bounces() -> Response:
        return Response(store.bounces() or b'{"recipients":[]}', media_type="application/json")

    @router.put("/bounces")
    async def set_bounces(request: Request) -> Response:
        """Let messages to these recipients bounce from now on; replaces the previous list."""
        bounces = Bounces.model_validate_json(await request.body())
        store.put_bounces(orjson.dumps(bounces.model_dump()))
        return json_response(bounces.model_dump())

    @router.delete("/bounces", status_code=204)
    async def lift_bounces() -> None:
        store.put_bounces(None)


def _instant(text: str | None) -> str | None:
    """Return an instant in the messages' format. A `+` that the query string turned into a space is accepted."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise Refused(422, "invalid", "since must be an RFC 3339 instant.") from None
    return rfc3339_fixed(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
