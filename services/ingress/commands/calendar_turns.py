"""Turns of reading calendar files: organizations take them one after the other, and a person has one at a time."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from services.ingress.domain.problems import Problem

WAITING_MAX = 200


class Turns:
    """So many files are read at once, one of each organization; each gets its next turn after the others had theirs."""

    def __init__(self, at_once: int, wait: float) -> None:
        self._free = at_once
        self._wait = wait
        self._people: dict[UUID, float] = {}
        self._reading: set[UUID] = set()
        self._waiting: dict[UUID, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, person: UUID, organization: UUID) -> AsyncIterator[None]:
        """Wait for a turn, and keep it until the end. Raises Problem 429 while the person has another, 503 for too long."""
        began = time.monotonic()
        if person in self._people:
            left = self._people[person] + self._wait - began
            raise _wait("rate_limited", "Another calendar file of yours is being read.", left)
        if sum(map(len, self._waiting.values())) >= WAITING_MAX:
            raise _wait("overloaded", "Too many calendar files wait to be read.", self._wait)
        self._people[person] = began
        try:
            await self._admitted(organization)
            try:
                yield
            finally:
                self._end(organization)
        finally:
            del self._people[person]

    async def _admitted(self, organization: UUID) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(organization, deque()).append(mine)
        self._next()
        try:
            async with asyncio.timeout(self._wait):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled():
                self._end(organization)
            self._forget(organization, mine)
            if isinstance(error, TimeoutError):
                raise _wait("overloaded", "Other calendars are being read. Try again.", self._wait) from None
            raise

    def _next(self) -> None:
        """Give free turns to the organizations that have waited longest since their last one."""
        for organization in [one for one in self._waiting if one not in self._reading][: self._free]:
            files = self._waiting.pop(organization)
            first = files.popleft()
            if files:
                self._waiting[organization] = files
            self._free -= 1
            self._reading.add(organization)
            first.set_result(None)

    def _end(self, organization: UUID) -> None:
        self._free += 1
        self._reading.discard(organization)
        if files := self._waiting.pop(organization, None):
            self._waiting[organization] = files  # behind all others
        self._next()

    def _forget(self, organization: UUID, mine: asyncio.Future[None]) -> None:
        files = self._waiting.get(organization)
        if files and mine in files:
            files.remove(mine)
            if not files:
                del self._waiting[organization]


def _wait(code: str, detail: str, seconds: float) -> Problem:
    return Problem(code, detail, headers={"Retry-After": str(max(1, int(seconds) + 1))})
