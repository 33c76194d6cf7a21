"""The people of the Identity Service, with their organizations, asked as seldom as can be."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from chassis.errors import DependencyDown, Refused
from identity.client import IdentityClient
from identity.person import Person
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem, invalid

PEOPLE_KEPT = 50_000
GOOD_FOR = 240.0  # seconds; streams are checked twice a minute, so who has left is gone within five minutes
REFRESHED_AFTER = 200.0  # seconds; then a person is asked for again while the old answer is used
PAUSE_WHILE_AWAY = 2.0  # seconds


class Known(NamedTuple):
    """A person as Identity described them at that time (seconds of a monotonic clock)."""

    at: float
    person: Person


class Directory:
    """People of Identity. Each is believed for four minutes, and while Identity does not answer.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        client: IdentityClient,
        clock: Callable[[], float] = time.monotonic,
        *,
        search_path: str = "",
    ) -> None:
        self.clock = clock
        self._search_path = search_path
        self._client = client
        self._known: dict[UUID, Known] = {}  # in the order in which they were described
        self._away_until = float("-inf")
        self._wanted: set[UUID] = set()
        self._answered: asyncio.Future[Exception | None] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def check(self, caller: Caller) -> Caller:
        """Return the caller, as admin only if Identity agrees.

        Raises Problem 401 for a person whom Identity does not know in that organization, 403 for one who is
        not active, 503 for one of whom nothing is known while Identity does not answer.
        """
        found = await self._people([caller.id], "Whether your account is active cannot be checked now.")
        return _checked(caller, found.get(caller.id))

    async def refused(self, callers: Sequence[Caller]) -> list[Caller]:
        """Return those who would not be admitted as before; nobody while Identity does not answer."""
        try:
            found = await self._people([caller.id for caller in callers], "")
        except Problem:
            return []
        return [caller for caller in callers if not _is_unchanged(caller, found.get(caller.id))]

    async def belongs_to(self, person: UUID, organization: UUID) -> bool:
        """Return whether this is an active person of that organization. Raises Problem 503."""
        return await self.all_belong_to([person], organization)

    async def all_belong_to(self, people: Sequence[UUID], organization: UUID) -> bool:
        """Return whether all are active people of that organization, with as few calls as possible."""
        found = await self._people(people, "The organization of the person cannot be checked now.")
        return all(_is_member(found.get(person), organization) for person in people)

    async def names_of(self, people: Collection[UUID]) -> Mapping[UUID, str]:
        """Return the known names of these people; while Identity does not answer, those of earlier answers."""
        try:
            found = await self._people(people, "")
        except Problem:
            found = {user: self._known[user].person for user in people if user in self._known}
        return {user: found[user].name for user in people if user in found}

    async def described(self, people: Collection[UUID]) -> Mapping[UUID, Person]:
        """Return the people whom Identity knows, active or not. Raises Problem 503."""
        return await self._people(people, "People cannot be read now.")

    async def search(
        self, organization: UUID, text: str, limit: int, cursor: str | None
    ) -> tuple[list[Person], str | None]:
        """Return a page of an organization's people by the beginnings of their names and addresses, and the
        next page's cursor. Raises Problem 503.
        """
        asked: dict[str, str | int] = {"q": text, "limit": limit, **({"cursor": cursor} if cursor else {})}
        try:
            found, following = await self._client.search(self._search_path, organization, **asked)
        except Refused as error:
            raise invalid("cursor", "cursor", "Identity refuses this search") from error
        except DependencyDown as error:
            raise Problem("identity_unavailable", "People cannot be searched now.") from error
        return [person for person in found if person.active], following

    async def zone_of(self, person: UUID) -> str:
        """Return the zone of a person; UTC if Identity has none. Raises Problem 503 while it does not
        answer.
        """
        found = await self._people([person], "Your time zone cannot be read now.")
        return found[person].timezone if person in found else "UTC"

    async def _people(self, people: Collection[UUID], otherwise: str) -> Mapping[UUID, Person]:
        """Return the people whom Identity knows. Raises Problem 503 with that sentence if it does not answer,
        and one of them was never described.
        """
        now = self.clock()
        old = {user for user in people if self._age(user, now) > REFRESHED_AFTER}
        if old and (now >= self._away_until or not old <= self._known.keys()):
            answered = self._ask(old)
            if any(self._age(user, now) > GOOD_FOR for user in old):
                error = await asyncio.shield(answered)
                if error is not None and not old <= self._known.keys():
                    raise Problem("identity_unavailable", otherwise) from error
        return {user: self._known[user].person for user in people if user in self._known}

    def _age(self, user: UUID, now: float) -> float:
        known = self._known.get(user)
        return float("inf") if known is None else now - known.at

    def _ask(self, people: set[UUID]) -> "asyncio.Future[Exception | None]":
        """Ask for these people with the next call; one call is under way at a time, the next has all that were
        wanted meanwhile.
        """
        self._wanted |= people
        if self._answered is None:
            self._answered = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all(), name="people")
        return self._answered

    async def _ask_all(self) -> None:
        while self._answered is not None:
            wanted, answered = self._wanted, self._answered
            self._wanted, self._answered = set(), None
            answered.set_result(await self._call(wanted))
        self._asking = None

    async def _call(self, wanted: set[UUID]) -> Exception | None:
        """Ask, and remember the answer. Return the error if there was none."""
        try:
            answer = await self._client.validate(wanted)
        except (DependencyDown, Refused) as error:
            self._away_until = self.clock() + PAUSE_WHILE_AWAY
            return error
        now = self.clock()
        for user in wanted:
            self._known.pop(user, None)
        self._known.update({user: Known(now, person) for user, person in answer.items()})
        for user in list(self._known)[: max(0, len(self._known) - PEOPLE_KEPT)]:
            del self._known[user]
        return None


def _is_member(person: Person | None, organization: UUID) -> bool:
    return person is not None and person.active and person.organization_id == organization


def _checked(caller: Caller, person: Person | None) -> Caller:
    if person is None or person.organization_id != caller.organization:
        raise Problem(
            "unauthenticated",
            "The token is not accepted: Identity knows no such person in this organization.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    if not person.active:
        raise Problem("not_allowed", "This account is not active.")
    if caller.admin and "admin" not in person.roles:
        return replace(caller, roles=(caller.roles - {"admin"}) | {"member"})
    return caller


def _is_unchanged(caller: Caller, person: Person | None) -> bool:
    try:
        return _checked(caller, person) == caller
    except Problem:
        return False
