"""What decides about free time, as the views show it, made ready for the engine."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any
from uuid import UUID

import orjson

from scheduling.availability import Availability, availability_of
from scheduling.slots import Person, Taken
from services.ingress.views.store import Store

KEPT = 16_000_000  # characters of JSON, some 16,000 people's; parsed it takes several times as much


class Openings:
    """People with their availability and what is taken; availability is parsed once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[UUID, tuple[str, Availability]] = OrderedDict()
        self._size = 0

    async def people(
        self, organization: UUID, who: Sequence[UUID], first: int, last: int, now: int
    ) -> list[Person]:
        """These people in this order, with what matters to `[first, last)`; seconds since 1970. Raises Problem 503."""
        rows = await self._store.taken(organization, who, _at(first), _at(last), _at(now))
        return [
            Person(person, self._availability(person, row["body"]), taken_of(row))
            for person, row in zip(who, rows, strict=True)
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
    """What takes a person's time, sorted by start."""
    taken = list(map(Taken, row["starts"] or (), row["ends"] or (), repeat("appointment")))
    if row["held_starts"] or row["elsewhere_starts"]:
        taken += map(Taken, row["held_starts"] or (), row["held_ends"] or (), repeat("hold"))
        taken += map(Taken, row["elsewhere_starts"] or (), row["elsewhere_ends"] or (), repeat("elsewhere"))
        taken.sort()
    return taken


def _at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
