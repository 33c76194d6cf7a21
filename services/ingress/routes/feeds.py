"""The calendar that other programs subscribe to, and its secret address."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Request, Response

from chassis import clock
from scheduling.ics import writing
from services.ingress.api.openapi import described
from services.ingress.commands.replies import Outcome
from services.ingress.domain import tokens
from services.ingress.domain.caller import Caller
from services.ingress.domain.feed import entries
from services.ingress.domain.problems import not_found
from services.ingress.http.responses import as_json, has_seen
from services.ingress.http.routing import PlainRoute
from services.ingress.routes.writer import PREFIX, Writer
from services.ingress.runtime import Runtime

CALENDAR_NAME = "Appointments"
BACK, AHEAD = timedelta(days=90), timedelta(days=400)
_PRIVATE = {"Cache-Control": "private, no-cache"}  # a client asks each time whether it has changed


def feed_routes(runtime: Runtime) -> APIRouter:
    """The feed, and who makes and revokes its address."""
    router = APIRouter(prefix=PREFIX, route_class=PlainRoute, tags=["calendars"])
    writer = Writer(runtime)

    @router.post("/calendar/feed", **described("feed"))
    async def feed(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        token = tokens.token_of(token_bytes(tokens.RANDOM_BYTES))
        outcome = await _set_feed(writer, caller, request, tokens.hash_of(token))
        if not isinstance(outcome, dict):
            return outcome
        base = runtime.settings.public_url or str(request.base_url)
        url = f"{base.rstrip('/')}{PREFIX}/calendar.ics?token={token}"
        return as_json({"url": url}, 201, {"Cache-Control": "no-store"})

    @router.delete("/calendar/feed", **described("revoke_feed"))
    async def revoke_feed(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        outcome = await _set_feed(writer, caller, request, None)
        return Response(status_code=204) if isinstance(outcome, dict) else outcome

    @router.get("/calendar.ics", **described("subscribed_calendar"))
    async def subscribed_calendar(request: Request) -> Response:
        person, organization = await _opened(runtime, request.query_params.get("token"))
        now = clock.now()
        rows = await runtime.store.own(person, organization, now - BACK, now + AHEAD)
        of = sorted({row["series_id"] for row in rows if row["series_id"]})
        series = await runtime.store.series(organization, of)
        appointments = [orjson.loads(row["body"]) for row in rows]
        names = await runtime.directory.names_of(_people(appointments))
        headers = {"ETag": _etag([*rows, *series], names), **_PRIVATE}
        if has_seen(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        document = await asyncio.to_thread(_document, appointments, series, names)
        return Response(document, headers=headers, media_type="text/calendar; charset=utf-8")

    return router


async def _set_feed(
    writer: Writer, caller: Caller, request: Request, token_hash: str | None
) -> Outcome | Response:
    """Not by the Idempotency-Key: a repeated request makes another secret, because nobody keeps the first."""
    return await writer.carry_out(caller, request, "feed.set", {"token_hash": token_hash}, caller.id, uuid4())


async def _opened(runtime: Runtime, token: str | None) -> tuple[UUID, UUID]:
    """The person and the organization whose calendar the token opens. Raises Problem 404, 429."""
    token_hash = tokens.hash_of(token)
    found = await runtime.store.feed(token_hash) if token_hash else None
    if found is None:
        raise not_found()
    runtime.door.count(*found)
    if not await runtime.directory.belongs_to(*found):
        raise not_found()
    return found


def _people(appointments: Iterable[Mapping[str, Any]]) -> set[UUID]:
    return {
        UUID(person)
        for appointment in appointments
        for person in (appointment["organizer_id"], *appointment["confirmation_status"])
    }


def _etag(rows: Sequence[Any], names: Mapping[UUID, str]) -> str:
    """Another one whenever anything in the document is other: versions and names say it all."""
    told = sha256(CALENDAR_NAME.encode())
    for row in rows:
        told.update(row["id"].bytes + int(row["version"]).to_bytes(8, "big"))
    for person in sorted(names):
        told.update(person.bytes + names[person].encode("utf-8", "surrogatepass"))
    return f'"{told.hexdigest()[:32]}"'


def _document(
    appointments: Sequence[Mapping[str, Any]], series: Sequence[Any], names: Mapping[UUID, str]
) -> bytes:
    told = {str(row["id"]): orjson.loads(row["body"]) for row in series}
    by_id = {str(person): name for person, name in names.items()}
    return writing.write(entries(appointments, told, by_id), name=CALENDAR_NAME)
