"""A person as the Identity Service describes them, and how such a description is read."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from chassis import telemetry
from contracts.ids import uuid_of

NAME_MAX = 200
LOCALE_MAX = 35
EMAIL_MAX = 320
log = telemetry.get_logger()


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an account. `timezone` is an IANA name; `roles` of `member`, `admin`."""

    id: UUID
    organization_id: UUID
    name: str
    timezone: str
    locale: str
    roles: frozenset[str]
    active: bool
    email: str = ""


def people_of(users: Iterable[Mapping[str, Any]], asked: Collection[UUID]) -> dict[UUID, Person]:
    """The people of an answer, as far as they were asked for."""
    return {person.id: person for person in readable(users) if person.id in asked}


def readable(users: Iterable[Mapping[str, Any]]) -> Iterator[Person]:
    """Return the people of an answer, in its order.

    An entry that cannot be read is as good as absent: it hides that person alone.
    """
    for user in users:
        try:
            yield _person(user)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("an entry of Identity's answer cannot be read", error=str(error)[:200])


def _person(user: Mapping[str, Any]) -> Person:
    return Person(
        id=uuid_of(user["id"]),
        organization_id=uuid_of(user["organization_id"]),
        name=_text(user["name"], NAME_MAX),
        timezone=sys.intern(user["timezone"]) if user["timezone"] in _zones() else "UTC",
        locale=sys.intern(_text(user["locale"], LOCALE_MAX)),
        roles=_roles(tuple(role for role in user["roles"] if role.isidentifier())),
        active=user["active"] is True,
        email=_text(str(user.get("email") or ""), EMAIL_MAX),
    )


@lru_cache(maxsize=1_000)
def _roles(names: tuple[str, ...]) -> frozenset[str]:
    """One object for the same roles: thousands of people share them."""
    return frozenset(names)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _text(value: str, longest: int) -> str:
    """Names travel in events and into messages: printable, and not endless."""
    return "".join(character if character.isprintable() else " " for character in value)[:longest]
