"""The operation that imports the calendar of another program as busy times."""

from uuid import uuid5

from pydantic import Field
from starlette.responses import Response

from chassis import clock
from scheduling.ics.identity import identity
from scheduling.ics.portions import sourced
from scheduling.ics.reading import Note, Result
from services.ingress.api import examples, scheduling_examples
from services.ingress.api.answer import PENDING, ok
from services.ingress.api.call import Call
from services.ingress.api.headers import IDEMPOTENCY_KEY
from services.ingress.api.models.scheduling import Imported
from services.ingress.api.operation import WRITE, Operations, Sends
from services.ingress.api.parameters import Parameters, Text
from services.ingress.commands.writer import command_id
from services.ingress.domain.importing import portions
from services.ingress.domain.problems import invalid
from services.ingress.http.responses import as_json

UID_SHOWN_MAX = 255
SUBSCRIBED = "subscription:"  # sources of subscribed calendars

OPERATIONS = Operations("calendars", "Feeds for calendar programs, and imports of their files.")


class ImportParameters(Parameters):
    """The calendar that a file is of."""

    source: Text | None = Field(
        None, description="Your name of the calendar; by default the one that the file gives itself."
    )


@OPERATIONS.operation(
    "POST",
    "/calendar/import",
    summary="Import another calendar as busy times",
    answers=[ok(Imported, scheduling_examples.IMPORTED), PENDING],
    sends=Sends(example=examples.CALENDAR_FILE, media="text/calendar", max_bytes="calendar_max_bytes"),
    headers=[IDEMPOTENCY_KEY],
    problems=[*WRITE, "unreadable", "overloaded"],
)
async def import_calendar(call: Call, query: ImportParameters, body: bytes) -> Response:
    """Import an iCalendar file of at most 5 MB and 5,000 events, from now on to five years ahead.

    A file with a `source`, or with an id or name of its own (X-WR-RELCALID, X-WR-CALNAME), replaces what was
    imported of the same calendar before: the time of events that it lacks is free, unless the file breaks off.
    Any other file replaces times where it differs, so the same file may come again; cancelled events are
    forgotten, and so are invitations that the caller has declined. Days without times
    are whole days of the caller's zone, as are times in a zone that nothing is known of. `imported` counts
    times that are new or have moved, each of a series by itself; `skipped` counts times that were known, and
    components that are not booked.

    `components` counts everything that stands in the file but time zones: booked (it takes time), skipped on
    purpose (over, free, cancelled, declined, an older revision, without length, no event) or failed (it
    could not be read). `left_out` names each that is not booked, with its place and the reason; `notes` names
    what was booked otherwise than the file says.
    """
    zone = await call.runtime.directory.zone_of(call.caller.id)
    busy = await call.runtime.calendar_files.busy(body, clock.now(), zone, call.caller)
    source = query.source or identity(body)
    if source and source.startswith(SUBSCRIBED):
        raise invalid(
            "source", "subscribed", "Times of a subscribed calendar come and go with its subscription."
        )
    if source:
        bodies = sourced(busy.ranges, source, whole=busy.complete)
    else:
        bodies = portions(busy.ranges, busy.removed)
    identifier, imported, removed = command_id(call.caller, call.request), 0, 0
    for number, portion in enumerate(bodies):
        outcome = await call.runtime.writer.carry_out(
            call.caller,
            call.request,
            "busy_times.import",
            portion,
            call.caller.id,
            uuid5(identifier, f"portion {number}"),
        )
        imported += int(outcome.get("imported") or 0)
        removed += int(outcome.get("removed") or 0)
    known = len(busy.ranges) - imported
    return as_json(
        {
            "imported": imported,
            "skipped": busy.skipped + known,
            "source": source or "",
            "removed": removed,
            "components": busy.counts,
            "left_out": [_named(one) | {"outcome": one.fate} for one in busy.left_out],
            "notes": [_named(one) for one in busy.notes],
        }
    )


def _named(one: Result | Note) -> dict[str, str]:
    return {
        "place": one.place,
        "kind": one.kind,
        "uid": one.uid[:UID_SHOWN_MAX],
        "code": one.code,
        "detail": one.detail,
    }
