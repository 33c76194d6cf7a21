"""Figures of an organization's notifications, for its admins."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from starlette.responses import Response

from chassis import clock
from services.ingress.api import notification_examples as examples
from services.ingress.api.answer import ok
from services.ingress.api.call import Call
from services.ingress.api.models.notifications import Analytics
from services.ingress.api.operation import READ, Operations
from services.ingress.api.parameters import Instant, RangeParameters
from services.ingress.domain import queries
from services.ingress.http.responses import as_json

OPERATIONS = Operations("analytics", "Figures for admins.")

_COUNTS = ("planned", "sent", "delivered", "failed", "bounced", "expired", "dead_lettered")


class AnalyticsParameters(RangeParameters):
    """The time in which deliveries were planned."""

    from_: Instant | None = Field(
        None, alias="from", description="RFC 3339; planned from this instant on, by default 31 days ago."
    )
    to: Instant | None = Field(
        None, description="RFC 3339; planned before this instant, at most 366 days after `from`."
    )


@OPERATIONS.operation(
    "GET",
    "/analytics/notifications",
    summary="Count notifications and their results",
    answers=[ok(Analytics, examples.ANALYTICS)],
    admins_only="Only an admin may read the figures of an organization.",
    problems=READ,
)
async def analytics(call: Call, query: AnalyticsParameters) -> Response:
    """Return an item for each UTC day of planning, type and channel; for admins.

    `sent` counts deliveries that the Communication Service accepted, also if they failed later; the other
    counts say where deliveries stand now. Times are exact, in seconds from planning.
    """
    start, end = queries.analytics_range(query.from_, query.to, clock.now())
    rows = await call.runtime.store.analytics(call.caller.organization, start, end)
    return as_json({"items": [item(row) for row in rows]})


def item(row: Any) -> dict[str, Any]:
    """Return one day, type and channel; times in seconds, null while nothing was sent or delivered."""
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
    """Return two percentiles, to the millisecond."""
    return [round(one, 3) for one in seconds] if seconds else (None, None)
