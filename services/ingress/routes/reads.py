"""Calls that read the views."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from chassis import clock
from services.ingress.api.openapi import described
from services.ingress.domain import cursors, queries
from services.ingress.domain.busy import clipped, merged
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem, invalid, not_found
from services.ingress.http import bodies
from services.ingress.http.responses import as_json, etag, raw_json
from services.ingress.http.routing import PlainRoute
from services.ingress.runtime import Runtime

_CALENDAR_FIELDS = ("id", "title", "start_time", "end_time", "status", "organizer_id", "location")
_NOTIFICATION_FIELDS = (
    "id",
    "type",
    "recipient_id",
    "channel",
    "priority",
    "state",
    "attempts",
    "planned_at",
    "next_attempt_at",
    "sent_at",
    "delivered_at",
    "reason",
    "fallback_of",
)
_OCCUPYING = frozenset({"pending", "confirmed"})


def overview_routes(runtime: Runtime) -> APIRouter:
    """Calendar and list: what is asked for most, so what is matched first."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["appointments"])
    store = runtime.store

    @router.get("/calendar", **described("calendar"))
    async def calendar(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        query = queries.calendar_query(params(request), clock.now())
        if query.user not in (None, caller.id) and not await runtime.directory.belongs_to(
            query.user, caller.organization
        ):
            raise not_found()
        return as_json(
            {"items": _calendar_items(await store.calendar(caller, query), query.start, query.end)}
        )

    @router.get("", **described("list"))
    async def appointments(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        query = queries.list_query(params(request))
        rows = await store.page(caller, query, _after(query.cursor))
        return raw_json(_page(rows, query.limit))

    return router


def read_routes(runtime: Runtime) -> APIRouter:
    """One appointment with its notifications, and outcomes of commands."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["appointments"])
    store = runtime.store

    @router.get("/commands/{command_id}", **described("command"))
    async def command(request: Request, command_id: str) -> Response:
        caller = await runtime.door.enter(request)
        identifier = bodies.path_id(command_id)
        found = await store.command(identifier, caller.organization)
        if found is None:
            return as_json({"command_id": str(identifier), "status": "pending"})
        actor, body = found
        if actor != str(caller.id):
            raise not_found()
        return raw_json(body)

    @router.get("/{appointment_id}/notifications", **described("notifications"))
    async def notifications(request: Request, appointment_id: str) -> Response:
        caller = await runtime.door.enter(request)
        identifier = bodies.path_id(appointment_id)
        await _visible(runtime, request, caller, identifier)
        rows = await store.notifications(caller, identifier)
        return as_json({"items": [{name: row[name] for name in _NOTIFICATION_FIELDS} for row in rows]})

    @router.get("/{appointment_id}", **described("appointment"))
    async def appointment(request: Request, appointment_id: str) -> Response:
        caller = await runtime.door.enter(request)
        identifier = bodies.path_id(appointment_id)
        version, body = await _visible(runtime, request, caller, identifier)
        if request.query_params.get("include") == "history":
            body = _with_history(body, await store.history(caller.organization, identifier))
        return raw_json(body, headers={"ETag": etag(version)})

    return router


async def _visible(runtime: Runtime, request: Request, caller: Caller, identifier: UUID) -> tuple[int, str]:
    """Version and JSON of an appointment that the caller may see, at least of `min_version` if that comes in time."""
    wanted = queries.min_version(params(request)) if request.url.query else None
    if wanted:

        async def look() -> int:
            return await runtime.store.version(caller.organization, identifier)

        await runtime.wait_until_shown(str(identifier), wanted, look, fresh=False)
    found = await runtime.store.appointment(caller, identifier)
    if found is None:
        raise not_found()
    return found


def params(request: Request) -> queries.Params:
    """The query's parameters, each with all its values."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, []).append(value)
    return found


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    try:
        return cursors.decode(cursor)
    except ValueError:
        raise invalid("cursor", "cursor", "Expected a next_cursor of an earlier page") from None


def _page(rows: Sequence[Any], limit: int) -> str:
    """A page as JSON, out of bodies that are JSON already."""
    shown = rows[:limit]
    cursor = "null"
    if len(rows) > limit:
        cursor = f'"{cursors.encode(shown[-1]["start_time"], shown[-1]["id"])}"'
    return f'{{"items":[{",".join(row["body"] for row in shown)}],"next_cursor":{cursor}}}'


def _calendar_items(rows: Sequence[Any], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Appointments in full where the caller takes part, everything else as busy ranges, ordered by start."""
    if not rows or "shared" not in rows[0]:
        return [{name: row[name] for name in _CALENDAR_FIELDS} for row in rows]
    items = [{name: row[name] for name in _CALENDAR_FIELDS} for row in rows if row["shared"]]
    hidden = [
        (row["start_time"], row["end_time"])
        for row in rows
        if not row["shared"] and row["status"] in _OCCUPYING
    ]
    for low, high in merged(clipped(hidden, start, end)):
        items.append({"start_time": low, "end_time": high, "busy": True})
    return sorted(items, key=lambda item: item["start_time"])


def _with_history(body: str, rows: Sequence[Any]) -> str:
    """The appointment with one more field, `history`: its versions, the first first."""
    history = [
        {
            "version": row["version"],
            "change": row["change"],
            "changes": orjson.Fragment(row["changes"]),
            "actor": row["actor"],
            "at": row["at"],
        }
        for row in rows
    ]
    return f'{body.rstrip()[:-1]},"history":{orjson.dumps(history, option=orjson.OPT_UTC_Z).decode()}}}'


def invalid_query(error: queries.InvalidQuery) -> Problem:
    """Query parameters that cannot be understood, field by field."""
    errors = [{"field": e.field, "code": e.code, "message": e.message} for e in error.errors]
    return Problem("invalid", f"{errors[0]['field']}: {errors[0]['message']}.", errors=errors)
