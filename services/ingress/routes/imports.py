"""Another program's calendar as time that somebody is busy."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid5

from fastapi import APIRouter, Request, Response

from chassis import clock
from scheduling.ics import reading
from services.ingress.api.openapi import described
from services.ingress.domain.importing import RANGES_MAX, portions
from services.ingress.domain.problems import Problem
from services.ingress.http import bodies
from services.ingress.http.responses import as_json
from services.ingress.http.routing import PlainRoute
from services.ingress.routes.writer import PREFIX, Writer, command_id
from services.ingress.runtime import Runtime

IMPORTED_AHEAD = timedelta(days=5 * 365)  # nothing can be booked later


def import_routes(runtime: Runtime) -> APIRouter:
    """One call, whose body may be larger than others."""
    router = APIRouter(prefix=PREFIX, route_class=PlainRoute, tags=["calendars"])
    writer, reader = Writer(runtime), CalendarReader(runtime.settings.calendar_read_wait)

    @router.post("/calendar/import", **described("import_calendar"))
    async def import_calendar(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        raw = await bodies.read(request, runtime.settings.calendar_max_bytes)
        busy = await reader.busy(raw, clock.now(), await runtime.directory.zone_of(caller.id))
        identifier, imported = command_id(caller, request), 0
        for number, body in enumerate(portions(busy.ranges, busy.removed)):
            outcome = await writer.carry_out(
                caller, request, "busy_times.import", body, caller.id, uuid5(identifier, f"portion {number}")
            )
            if not isinstance(outcome, dict):
                return outcome
            imported += int(outcome.get("imported") or 0)
        known = len(busy.ranges) - imported
        return as_json({"imported": imported, "skipped": busy.skipped + known})

    return router


class CalendarReader:
    """Reads calendars in a thread of its own, one after the other: they may be large, and everybody else's calls go on."""

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._thread = ThreadPoolExecutor(1, "calendar")

    async def busy(self, raw: bytes, now: datetime, zone: str) -> reading.Busy:
        """What is busy from now on. Raises Problem 422 for what cannot be read, 503 if it takes too long."""
        read = partial(reading.busy, raw, first=now, last=now + IMPORTED_AHEAD, zone=zone, at_most=RANGES_MAX)
        try:
            async with asyncio.timeout(self._wait):
                return await asyncio.get_running_loop().run_in_executor(self._thread, read)
        except reading.Unreadable as error:
            raise Problem("unreadable", str(error), [_error(error)]) from error
        except TimeoutError:
            raise Problem("overloaded", "Other calendars are being read. Try again.") from None


def _error(error: reading.Unreadable) -> dict[str, str]:
    return {"field": "", "code": error.code, "message": error.message}
