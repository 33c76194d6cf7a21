"""Read calendar files of other programs, off the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from scheduling.ics import reading
from services.ingress.domain.importing import RANGES_MAX
from services.ingress.domain.problems import Problem

IMPORTED_AHEAD = timedelta(days=5 * 365)  # nothing can be booked later


class CalendarReader:
    """Reads calendars in a thread of its own, one after the other: they may be large, and other requests go
    on.
    """

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._thread = ThreadPoolExecutor(1, "calendar")

    async def busy(self, raw: bytes, now: datetime, zone: str, email: str) -> reading.Busy:
        """Return the busy times from now on; what `email` has declined is free. Raises Problem 422 for an unreadable file, 503 if it takes too
        long.
        """
        read = partial(
            reading.busy,
            raw,
            first=now,
            last=now + IMPORTED_AHEAD,
            zone=zone,
            at_most=RANGES_MAX,
            reader=(email,),
        )
        try:
            async with asyncio.timeout(self._wait):
                return await asyncio.get_running_loop().run_in_executor(self._thread, read)
        except reading.Unreadable as error:
            raise Problem("unreadable", str(error), [_error(error)]) from error
        except TimeoutError:
            raise Problem("overloaded", "Other calendars are being read. Try again.") from None


def _error(error: reading.Unreadable) -> dict[str, str]:
    return {"field": "", "code": error.code, "message": error.message}
