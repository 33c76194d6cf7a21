"""Loads claimed deliveries as they are right before their calls; those who ask at the same time share a query.

Otherwise each of the many calls would wait for a connection of its own, and all consumers behind them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.database.transactions import Database
from services.notifier.sending.insisting import insist
from services.notifier.store import checked
from services.notifier.store.checked import Checked

MOST = 1_000  # deliveries in one query


@dataclass(eq=False)
class _Query:
    """One query: the ids that it asks for, and the deliveries by their ids once it is answered."""

    ids: set[UUID] = field(default_factory=set)
    found: dict[UUID, Checked] | None = None


class Looker:
    """Looks for one process, one query at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = _Query()
        self._turn = asyncio.Lock()

    async def look(self, ids: Sequence[UUID]) -> list[Checked]:
        """Return those of the deliveries that are in the queue, as they are after this call has begun."""
        if self._next.ids and len(self._next.ids) + len(ids) > MOST:
            self._next = _Query()
        query = self._next
        query.ids.update(ids)
        async with self._turn:
            if query.found is None:
                if self._next is query:
                    self._next = _Query()  # who asks from now on is told what is true later
                query.found = await insist(lambda: self._load(query.ids))
        return [query.found[one] for one in ids if one in query.found]

    async def _load(self, ids: set[UUID]) -> dict[UUID, Checked]:
        async with self._database.transaction() as tx:
            return {item.delivery.id: item for item in await checked.look(tx, list(ids))}
