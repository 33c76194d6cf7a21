"""The caller's notification preferences."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from notifications.preferences import NO_RULES, body_of, preferences_of
from notifications.rules import effective
from services.ingress.answers import as_json, etag
from services.ingress.describe import described
from services.ingress.routing import PlainRoute
from services.ingress.runtime import Runtime


def preferences_body(said: dict[str, Any]) -> dict[str, Any]:
    """Preferences as they are answered: what holds; what was never said has its default."""
    body = body_of(effective(preferences_of(said), NO_RULES))
    del body["version"]
    return body


def preference_routes(runtime: Runtime) -> APIRouter:
    """GET of preferences; PUT is a write like any other."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["preferences"])

    @router.get("/preferences", **described("preferences"))
    async def preferences(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        version, body = await runtime.store.preferences(caller) or (0, "{}")
        return as_json(preferences_body(orjson.loads(body)), headers={"ETag": etag(version)})

    return router
