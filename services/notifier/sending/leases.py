"""The deliveries that one process has claimed and not written down yet, and the renewal of their leases."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from chassis import clock
from chassis.database.transactions import Database
from services.notifier.sending.insisting import insist
from services.notifier.store import claims


class Leases:
    """The claims of one process, which `lease` names in the queue.

    They end `seconds` after the last renewal.
    """

    def __init__(self, database: Database, lease: UUID, seconds: float) -> None:
        self.lease = lease
        self._database = database
        self._seconds = seconds
        self._ids: set[UUID] = set()

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, identifier: UUID) -> bool:
        return identifier in self._ids

    def until(self, now: datetime) -> datetime:
        """Return the end of a lease that is taken or renewed now."""
        return now + timedelta(seconds=self._seconds)

    def add(self, ids: Iterable[UUID]) -> None:
        """Remember deliveries that were claimed."""
        self._ids.update(ids)

    def discard(self, *ids: Iterable[UUID]) -> None:
        """Forget deliveries that were written down or released."""
        self._ids.difference_update(*ids)

    def clear(self) -> None:
        """Forget all deliveries; those of an earlier run are claimed again when their leases end."""
        self._ids = set()

    async def renew(self) -> None:
        """Renew until cancelled, so that a slow call is not taken for a dead process."""
        while True:
            await asyncio.sleep(self._seconds / 3)
            if self._ids:
                await insist(self._renew)

    async def _renew(self) -> None:
        async with self._database.transaction() as tx:
            await claims.renew(tx, self.lease, list(self._ids), self.until(clock.now()))
