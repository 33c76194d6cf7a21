"""Read calendar files of other programs, in processes of their own."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context

from scheduling.ics import reading
from services.ingress.commands import calendar_process
from services.ingress.commands.calendar_turns import Turns
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem

PROCESSES = 2
SECONDS_MAX = 10.0  # of a process's time for one file


class CalendarReader:
    """Reads calendars in a few processes, which begin with the first file; `wait`: the longest that a file waits."""

    def __init__(self, wait: float) -> None:
        self._turns = Turns(PROCESSES, wait)
        self._pool: ProcessPoolExecutor | None = None

    async def busy(self, raw: bytes, now: datetime, zone: str, caller: Caller) -> reading.Busy:
        """Return the busy times from now on; what the caller has declined is free.

        Raises Problem 422 for an unreadable file, 429 while another one of the caller is read, 503 if it waits for too
        long.
        """
        async with self._turns.turn(caller.id, caller.organization):
            result = await self._read(raw, now, zone, caller.email)
        if isinstance(result, reading.Busy):
            return result
        code, message = result
        raise Problem("unreadable", message, [{"field": "", "code": code, "message": message}])

    def close(self) -> None:
        """End the processes when they have read what they are reading."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def _read(
        self, raw: bytes, now: datetime, zone: str, email: str
    ) -> reading.Busy | calendar_process.Refused:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                PROCESSES, mp_context=get_context("spawn"), initializer=calendar_process.begin
            )
        pool = self._pool
        reading_it = asyncio.get_running_loop().run_in_executor(
            pool, calendar_process.read, raw, now, zone, email, SECONDS_MAX
        )
        try:
            return await asyncio.shield(reading_it)
        except asyncio.CancelledError:
            await asyncio.wait([reading_it])  # the turn lasts as long as the process works
            raise
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = None
            raise Problem("overloaded", "A calendar reader has ended. Try again.") from None
