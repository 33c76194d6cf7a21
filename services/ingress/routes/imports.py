"""The operation that imports the calendar of another program as busy times."""

from uuid import uuid5

from starlette.responses import Response

from chassis import clock
from services.ingress.api import examples, scheduling_examples
from services.ingress.api.answer import PENDING, ok
from services.ingress.api.call import Call
from services.ingress.api.headers import IDEMPOTENCY_KEY
from services.ingress.api.models.scheduling import Imported
from services.ingress.api.operation import WRITE, Operations, Sends
from services.ingress.commands.writer import command_id
from services.ingress.domain.importing import portions
from services.ingress.http.responses import as_json

OPERATIONS = Operations("calendars", "Feeds for calendar programs, and imports of their files.")


@OPERATIONS.operation(
    "POST",
    "/calendar/import",
    summary="Import another calendar as busy times",
    answers=[ok(Imported, scheduling_examples.IMPORTED), PENDING],
    sends=Sends(example=examples.CALENDAR_FILE, media="text/calendar"),
    headers=[IDEMPOTENCY_KEY],
    problems=[*WRITE, "unreadable", "overloaded"],
)
async def import_calendar(call: Call, body: bytes) -> Response:
    """Import an iCalendar file of at most 5 MB and 5,000 events, from now on to five years ahead.

    Times that were imported before are replaced where the file differs, so the same file may come again;
    cancelled events are forgotten. Days without times are whole days of the caller's zone. `imported`
    counts times that are new or have moved, each of a series by itself; `skipped` counts times that were
    known, and events that are over, free or unreadable.
    """
    zone = await call.runtime.directory.zone_of(call.caller.id)
    busy = await call.runtime.calendar_files.busy(body, clock.now(), zone)
    identifier, imported = command_id(call.caller, call.request), 0
    for number, portion in enumerate(portions(busy.ranges, busy.removed)):
        outcome = await call.runtime.writer.carry_out(
            call.caller,
            call.request,
            "busy_times.import",
            portion,
            call.caller.id,
            uuid5(identifier, f"portion {number}"),
        )
        imported += int(outcome.get("imported") or 0)
    known = len(busy.ranges) - imported
    return as_json({"imported": imported, "skipped": busy.skipped + known})
