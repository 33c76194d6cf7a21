"""Availability and occupancy of people, read from the views for the search of free slots."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any
from uuid import UUID

import orjson

from scheduling.availability import Availability, availability_of
from scheduling.slots import Person, Taken
from services.ingress.domain.caller import Caller
from services.ingress.views.store import Store

KEPT = 16_000_000  # characters of JSON, those of some 16,000 people; parsed they take several times as much


class People:
    """Reads people with their availability and taken time; each availability is parsed once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[UUID, tuple[str, Availability]] = OrderedDict()
        self._size = 0

    async def read(
        self,
        caller: Caller,
        people: Sequence[UUID],
        first: int,
        last: int,
        now: int,
        own_holds: Sequence[UUID] = (),
    ) -> list[Person]:
        """Return these people in this order, with the time taken in `[first, last)`, seconds since 1970.

        `own_holds` count as free as far as they are the caller's. Raises Problem 503.
        """
        rows = await self._store.taken(caller, people, _at(first), _at(last), _at(now), own_holds)
        return [
            Person(person, self._availability(person, row["body"]), taken_of(row))
            for person, row in zip(people, rows, strict=True)
        ]

    def _availability(self, person: UUID, body: str | None) -> Availability | None:
        if body is None:
            return None
        held = self._known.get(person)
        if held is not None and held[0] == body:
            return held[1]
        found = availability_of(orjson.loads(body))
        self._size += len(body) - (len(self._known.pop(person)[0]) if held else 0)
        self._known[person] = body, found
        while self._size > KEPT:
            _, (dropped, _) = self._known.popitem(last=False)
            self._size -= len(dropped)
        return found


def taken_of(row: Any) -> list[Taken]:
    """Return the taken time of a person, sorted by start."""
    taken = list(map(Taken, row["starts"] or (), row["ends"] or (), repeat("appointment")))
    if row["held_starts"] or row["elsewhere_starts"]:
        taken += map(Taken, row["held_starts"] or (), row["held_ends"] or (), repeat("hold"))
        taken += map(Taken, row["elsewhere_starts"] or (), row["elsewhere_ends"] or (), repeat("elsewhere"))
        taken.sort()
    return taken


def _at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
