"""What became of an organization's notifications, in numbers; for its admins."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from chassis import clock
from services.ingress.api.openapi import described
from services.ingress.domain import queries
from services.ingress.domain.problems import Problem
from services.ingress.http.responses import as_json
from services.ingress.http.routing import PlainRoute
from services.ingress.routes.reads import params
from services.ingress.runtime import Runtime

_COUNTS = ("planned", "sent", "delivered", "failed", "bounced", "expired", "dead_lettered")


def analytics_routes(runtime: Runtime) -> APIRouter:
    """GET of the numbers of notifications."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["analytics"])

    @router.get("/analytics/notifications", **described("analytics"))
    async def notifications(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        if not caller.admin:
            raise Problem("not_allowed", "Only an admin sees the numbers of an organization.")
        start, end = queries.analytics_range(params(request), clock.now())
        rows = await runtime.store.analytics(caller.organization, start, end)
        return as_json({"items": [item(row) for row in rows]})

    return router


def item(row: Any) -> dict[str, Any]:
    """One day, type and channel; times in seconds from the event, null while nothing was sent or delivered."""
    sent, delivered = _rounded(row["sent_s"]), _rounded(row["delivered_s"])
    return {
        "date": row["date"],
        "type": row["type"],
        "channel": row["channel"],
        **{name: row[name] for name in _COUNTS},
        "sent_p50_s": sent[0],
        "sent_p95_s": sent[1],
        "delivered_p50_s": delivered[0],
        "delivered_p95_s": delivered[1],
    }


def _rounded(seconds: Sequence[float] | None) -> Sequence[float | None]:
    """Two percentiles to the millisecond."""
    return [round(one, 3) for one in seconds] if seconds else (None, None)
