"""Read your writes: wait until the views show a version."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

KEPT = 50_000
FIRST_LOOK = 0.2
FIRST_LOOK_FRESH = 0.5  # its event is still to come; looking for it earlier slows down who is to send it
LOOK_AT_MOST_EVERY = 0.5


class Shown:
    """The newest version that the views were seen to show, for each appointment and everything else that people wait for."""

    def __init__(self) -> None:
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = {}

    def note(self, key: str, version: int) -> None:
        """The views show this version now."""
        if version > self._versions.get(key, 0):
            self._versions[key] = version
            self._versions.move_to_end(key)
            if len(self._versions) > KEPT:
                self._versions.popitem(last=False)
        for wanted, future in self._waiting.get(key, ()):
            if version >= wanted and not future.done():
                future.set_result(None)

    def told(self, key: str) -> None:
        """What has no versions has happened: only those who wait for it now get to know."""
        for _, future in self._waiting.get(key, ()):
            if not future.done():
                future.set_result(None)

    async def wait(
        self, key: str, version: int, within: float, look: Callable[[], Awaitable[int]], *, fresh: bool = True
    ) -> bool:
        """Whether the views show `version` of `key` within so many seconds.

        The projector's event tells it first. `look` asks the views themselves: at once unless the change is
        `fresh`, then now and then, because the event may be long over (a repeated command) or lost to us.
        """
        if self._versions.get(key, 0) >= version:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(key, [])
        entry = (version, future)
        waiting.append(entry)
        try:
            return await self._wait(key, version, within, look, future, fresh)
        finally:
            waiting.remove(entry)
            if not waiting:
                self._waiting.pop(key, None)

    async def _wait(
        self,
        key: str,
        version: int,
        within: float,
        look: Callable[[], Awaitable[int]],
        future: asyncio.Future[None],
        fresh: bool,
    ) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        pause = FIRST_LOOK_FRESH if fresh else 0.0
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
