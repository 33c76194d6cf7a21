"""The Identity Service: who exists, in which organization, with which roles and zone."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import httpx
import orjson

from chassis import http, telemetry
from chassis.errors import DependencyDown
from contracts.ids import uuid_of
from services.booking.domain.people import Person
from services.booking.metrics import IDENTITY_SECONDS

PATH = "/api/identity/users/validate"
CALL_MAX = (
    5_000  # ids in one call: a batch can name 250,000 people, which no service answers within five seconds
)
NAME_MAX = 200
LOCALE_MAX = 35
log = telemetry.get_logger()


class Directory:
    """People as Identity tells of them, remembered for a while; who is unknown is asked for each time.

    `timeout` and `remember_for` are seconds; `monotonic` a clock that only measures.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float,
        remember_for: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base_url = base_url
        self._timeout = timeout
        self._remember_for = remember_for
        self._monotonic = monotonic
        self._client: httpx.AsyncClient | None = None
        self._people: dict[UUID, tuple[float, Person]] = {}
        self._unsaved: dict[UUID, Person] = {}

    def missing(self, ids: Iterable[UUID]) -> list[list[UUID]]:
        """Those of `ids` to ask for, each once, in portions of a call."""
        oldest = self._monotonic() - self._remember_for
        people = self._people
        wanted = sorted(user for user in set(ids) if (known := people.get(user)) is None or known[0] < oldest)
        return [wanted[start : start + CALL_MAX] for start in range(0, len(wanted), CALL_MAX)]

    def vouched(self, ids: Iterable[UUID]) -> dict[UUID, Person]:
        """Those of `ids` whom Identity knows; ask for the missing ones before."""
        people = self._people
        return {user: people[user][1] for user in ids if user in people}

    def unsaved(self) -> list[Person]:
        """Whom Identity told of since `saved` was last called."""
        return list(self._unsaved.values())

    def saved(self) -> None:
        """The people told of are in the database now."""
        self._unsaved.clear()

    async def ask(self, ids: Sequence[UUID]) -> None:
        """One call to Identity. Raises DependencyDown("identity") when it does not give a usable answer in time."""
        started = self._monotonic()
        result = "down"
        try:
            async with asyncio.timeout(self._timeout):
                told = await self._validate(ids)
            result = "ok"
        except TimeoutError as error:
            raise DependencyDown("identity", f"no answer within {self._timeout:g} s") from error
        except httpx.HTTPError as error:
            raise DependencyDown("identity", f"{type(error).__name__}: {error}"[:200]) from error
        finally:
            IDENTITY_SECONDS.labels(result).observe(self._monotonic() - started)
        now = self._monotonic()
        for user in ids:
            self._people.pop(user, None)
        self._people.update({person.id: (now, person) for person in told})
        self._unsaved.update({person.id: person for person in told})

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _validate(self, ids: Sequence[UUID]) -> list[Person]:
        if self._client is None:
            self._client = http.client(self._base_url, timeout=self._timeout)
        answer = await self._client.post(
            PATH,
            content=orjson.dumps({"user_ids": ids}, default=str),
            headers={"content-type": "application/json", "x-source-service": "appointment-service"},
        )
        answer.raise_for_status()
        try:
            users = orjson.loads(answer.content)["users"]
            return _readable(users, set(ids))
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise DependencyDown("identity", "its answer cannot be read") from error


def _readable(users: Collection[Mapping[str, Any]], asked: Collection[UUID]) -> list[Person]:
    """The people of an answer; one that cannot be read is as good as unknown, and must not stop the others."""
    found = []
    for user in users:
        try:
            person = _person(user)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("Identity told of somebody unreadable", error=str(error)[:200])
            continue
        if person.id in asked:
            found.append(person)
    return found


def _person(user: Mapping[str, Any]) -> Person:
    return Person(
        id=uuid_of(user["id"]),
        organization_id=uuid_of(user["organization_id"]),
        name=_text(user["name"], NAME_MAX),
        timezone=user["timezone"] if user["timezone"] in _zones() else "UTC",
        locale=_text(user["locale"], LOCALE_MAX),
        roles=frozenset(role for role in user["roles"] if role.isidentifier()),
        active=user["active"] is True,
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _text(value: str, longest: int) -> str:
    """Names travel in events and into messages: printable, and not endless."""
    return "".join(character if character.isprintable() else " " for character in value)[:longest]
