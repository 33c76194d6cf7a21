"""Visibility: wait until the views show a version, so that a caller can read what they wrote."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from services.ingress.domain.problems import Problem

KEPT = 50_000
FIRST_LOOK = 0.2
FIRST_LOOK_FRESH = (
    0.5  # the event is still to come; an earlier look would slow down the projector that sends it
)
LOOK_AT_MOST_EVERY = 0.5

Look = Callable[[], Awaitable[int]]
"""Reads from the views themselves the version that they show; 0 for none."""


def view_key(view: str, identifier: object) -> str:
    """Return the key of an entry of a view; appointments and preferences have their id alone as key."""
    return f"{view} {identifier}"


def event_key(identifier: object) -> str:
    """Return the key of a message of the projector."""
    return f"event {identifier}"


class Visibility:
    """The newest version that the views were seen to show of each key, and the requests that wait for one."""

    def __init__(self, within: float) -> None:
        self._within = within
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = {}

    def note(self, key: str, version: int) -> None:
        """Note that the views show this version now."""
        if version > self._versions.get(key, 0):
            self._versions[key] = version
            self._versions.move_to_end(key)
            if len(self._versions) > KEPT:
                self._versions.popitem(last=False)
        for wanted, future in self._waiting.get(key, ()):
            if version >= wanted and not future.done():
                future.set_result(None)

    def note_event(self, key: str) -> None:
        """Note an event, which has no version: it is not kept, only requests that wait for it now go on."""
        for _, future in self._waiting.get(key, ()):
            if not future.done():
                future.set_result(None)

    async def wait(self, key: str, version: int, look: Look, *, fresh: bool = True) -> bool:
        """Return whether the views show `version` of `key` in time; False at once if they cannot be read.

        The projector's event usually ends the wait. `look` asks the views themselves: at once unless the
        change is `fresh`, then now and then, because the event may be long over (a repeated command) or
        lost.
        """
        if self._versions.get(key, 0) >= version:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(key, [])
        entry = (version, future)
        waiting.append(entry)
        try:
            return await self._wait(key, version, look, future, FIRST_LOOK_FRESH if fresh else 0.0)
        except Problem:
            return False
        finally:
            waiting.remove(entry)
            if not waiting:
                self._waiting.pop(key, None)

    async def _wait(
        self, key: str, version: int, look: Look, future: "asyncio.Future[None]", pause: float
    ) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._within
        while True:
            if pause:
                await asyncio.wait([future], timeout=min(pause, max(0.0, until - loop.time())))
            if future.done():
                return True
            found = await look()
            if found:
                self.note(key, found)
            if found >= version:
                return True
            if loop.time() >= until:
                return False
            pause = min(max(FIRST_LOOK, pause * 2), LOOK_AT_MOST_EVERY)
