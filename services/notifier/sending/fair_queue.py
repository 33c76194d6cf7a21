"""A fair queue of claimed deliveries that are not begun yet."""

import asyncio
from collections import deque
from uuid import UUID

from services.notifier.sending.group_calls import Together
from services.notifier.store.checked import Checked

Call = Checked | Together


class Turns(asyncio.Queue[Call]):
    """A queue that hands out one call of each organization, round and round; calls of one keep their order.

    A claim may hold hundreds of calls of one organization: those of the next one wait for one call, not for
    hundreds.
    """

    def qsize(self) -> int:
        """Return the number of waiting calls."""
        return self._waiting

    def empty(self) -> bool:
        """True if no call waits."""
        return not self._waiting

    # asyncio.Queue leaves these three to its subclasses.

    def _init(self, maxsize: int) -> None:  # noqa: ARG002 - it has no bound
        self._waiting = 0
        self._lines: dict[UUID, deque[Call]] = {}

    def _put(self, item: Call) -> None:
        self._lines.setdefault(item.delivery.organization_id, deque()).append(item)
        self._waiting += 1

    def _get(self) -> Call:
        organization = next(iter(self._lines))
        line = self._lines.pop(organization)
        item = line.popleft()
        if line:
            self._lines[organization] = line  # at the end of the round
        self._waiting -= 1
        return item
