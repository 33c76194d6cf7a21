"""A cache of people as the Identity Service describes them."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from uuid import UUID

import identity.person
from identity.client import IdentityClient
from services.booking.domain.model.people import Person

PEOPLE_KEPT = 50_000  # about 40 MB


class Directory:
    """People whom Identity knows, remembered for a while; unknown people are looked up each time.

    `timeout` and `remember_for` are seconds; `monotonic` a clock that only measures; `keep` how many are
    remembered.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float,
        remember_for: float,
        monotonic: Callable[[], float] = time.monotonic,
        keep: int = PEOPLE_KEPT,
    ) -> None:
        self._client = IdentityClient(base_url, timeout=timeout)
        self._remember_for = remember_for
        self._monotonic = monotonic
        self._keep = keep
        self._people: dict[UUID, tuple[float, Person]] = {}  # in the order in which they were looked up
        self._unsaved: dict[UUID, Person] = {}

    async def people(
        self, ids: Iterable[UUID], before_each: Callable[[], Awaitable[None]] | None = None
    ) -> Mapping[UUID, Person]:
        """Return the people of `ids` whom Identity knows; `before_each` is awaited before each call to it.

        Raises DependencyDown("identity"), or Refused, and then remembers nothing of these ids.
        """
        wanted = set(ids)
        oldest = self._monotonic() - self._remember_for
        known = {
            user: kept[1]
            for user in wanted
            if (kept := self._people.get(user)) is not None and kept[0] >= oldest
        }
        missing = wanted - known.keys()
        if not missing:
            return known
        answer = await self._client.validate(missing, before_each)
        found = {user: _person(person) for user, person in answer.items()}
        self._remember(missing, found)
        return known | found

    def unsaved(self) -> list[Person]:
        """Return everybody whom Identity described since `saved` was last called."""
        return list(self._unsaved.values())

    def saved(self) -> None:
        """Note that these people are in the database now."""
        self._unsaved.clear()

    def __len__(self) -> int:
        """Return the number of people remembered."""
        return len(self._people)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _remember(self, missing: Iterable[UUID], found: Mapping[UUID, Person]) -> None:
        """Forget the missing people, add those found, then forget the oldest beyond the limit."""
        now = self._monotonic()
        for user in missing:
            self._people.pop(user, None)
        self._people.update({user: (now, person) for user, person in found.items()})
        self._unsaved.update(found)
        for user in list(self._people)[: max(0, len(self._people) - self._keep)]:
            del self._people[user]


def _person(person: identity.person.Person) -> Person:
    return Person(
        person.id,
        person.organization_id,
        person.name,
        person.timezone,
        person.locale,
        person.roles,
        person.active,
    )
