"""Operations on imported busy times: by calendar, by time, and their removal."""

from typing import Annotated, ClassVar

from pydantic import Field
from starlette.responses import Response

from chassis import clock
from contracts.availability import SOURCE_MAX
from services.ingress.api import scheduling_examples as examples
from services.ingress.api.answer import PENDING, ok
from services.ingress.api.call import Call
from services.ingress.api.headers import IDEMPOTENCY_KEY
from services.ingress.api.models.scheduling import BusySources, BusyTimesRead, Removed
from services.ingress.api.operation import READ, WRITE, Operations
from services.ingress.api.parameters import Instant, Parameters, RangeParameters, text_of
from services.ingress.domain import queries
from services.ingress.http.responses import as_json

OPERATIONS = Operations("calendars", "Feeds for calendar programs, and imports of their files.")
Source = Annotated[str, text_of(SOURCE_MAX)]


class BusyTimesParameters(RangeParameters):
    """A range of time, and a calendar."""

    verbatim: ClassVar[frozenset[str]] = frozenset({"source"})
    from_: Instant | None = Field(
        None, alias="from", description="From here on; default: the start of today (UTC)."
    )
    to: Instant | None = Field(None, description="Up to here; default: 31 days later.")
    source: Source | None = Field(
        None, description="Only this calendar; empty: times imported without one. Default: all."
    )


class RemovalParameters(Parameters):
    """The calendar whose times are removed."""

    verbatim: ClassVar[frozenset[str]] = frozenset({"source"})
    source: Source | None = Field(
        None, description="Only this calendar; empty: times imported without one. Default: all imports."
    )


@OPERATIONS.operation(
    "GET",
    "/calendar/sources",
    summary="List the calendars that your busy times come from",
    answers=[ok(BusySources, examples.BUSY_SOURCES)],
    problems=READ,
)
async def busy_sources(call: Call) -> Response:
    """Return each calendar with the number of its times that are not over."""
    caller = call.caller
    rows = await call.runtime.store.busy_sources(caller.id, caller.organization, clock.now())
    return as_json({"sources": [dict(row) for row in rows]})


@OPERATIONS.operation(
    "GET",
    "/calendar/busy-times",
    summary="List your busy times",
    answers=[ok(BusyTimesRead, examples.BUSY_TIMES)],
    problems=READ,
)
async def busy_times(call: Call, query: BusyTimesParameters) -> Response:
    """Return the times that are taken in your other calendars, in a range of at most 366 days."""
    start, end = queries.calendar_range(query.from_, query.to, clock.now())
    caller = call.caller
    rows = await call.runtime.store.busy_times(caller.id, caller.organization, start, end, query.source)
    return as_json({"items": [dict(row) for row in rows]})


@OPERATIONS.operation(
    "DELETE",
    "/calendar/busy-times",
    summary="Remove imported busy times",
    answers=[ok(Removed, examples.REMOVED), PENDING],
    headers=[IDEMPOTENCY_KEY],
    problems=WRITE,
)
async def remove_busy_times(call: Call, query: RemovalParameters) -> Response:
    """Free the times of one calendar, or of every imported file.

    Times of a subscribed calendar are refused or stay: they go with their subscription.
    """
    outcome = await call.runtime.writer.carry_out(
        call.caller, call.request, "busy_times.remove", {"source": query.source}, call.caller.id
    )
    return as_json({"removed": int(outcome.get("removed") or 0)})
