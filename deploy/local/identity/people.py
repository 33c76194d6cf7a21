"""The sample people: two organizations over twelve time zones, and a thousand more for load.

Ids are uuid5 of the e-mail address, so they are the same on every machine.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, NAMESPACE_URL, UUID, uuid5

import orjson

LOAD_PEOPLE = 1_000
NORDLICHT = "nordlicht.example"
HARBOR = "harbor.example"

_NORDLICHT_PEOPLE = (
    ("Greta Albrecht", "Europe/Berlin", "de", "admin"),
    ("Jonas Becker", "Europe/Berlin", "de", "member"),
    ("Mira Hoffmann", "Europe/Berlin", "de", "member"),
    ("Lukas Steiner", "Europe/Vienna", "de", "member"),
    ("Nina Keller", "Europe/Zurich", "de", "member"),
    ("Anjali Rao", "Asia/Kolkata", "en", "member"),
    ("Vikram Shah", "Asia/Kolkata", "en", "member"),
    ("Haruka Tanaka", "Asia/Tokyo", "en", "member"),
    ("Thandi Nkosi", "Africa/Johannesburg", "en", "member"),
    ("Owen Clarke", "Europe/London", "en", "member"),
    ("Camille Laurent", "Europe/Paris", "en", "member"),
    ("Tomas Novak", "Europe/Prague", "en", "member"),
)
_HARBOR_PEOPLE = (
    ("Maya Bennett", "America/New_York", "en", "admin"),
    ("Ethan Brooks", "America/New_York", "en", "member"),
    ("Sofia Ramirez", "America/Los_Angeles", "en", "member"),
    ("Daniel Kim", "America/Los_Angeles", "en", "member"),
    ("Beatriz Almeida", "America/Sao_Paulo", "en", "member"),
    ("Rafael Costa", "America/Sao_Paulo", "en", "member"),
    ("Isla Whitby", "Australia/Lord_Howe", "en", "member"),
    ("Jack Morgan", "Australia/Sydney", "en", "member"),
    ("Leilani Kahale", "Pacific/Honolulu", "en", "member"),
    ("Noor Haddad", "Asia/Dubai", "en", "member"),
    ("Sita Gurung", "Asia/Kathmandu", "en", "member"),
    ("Felix Wagner", "Europe/Berlin", "de", "member"),
)
_LOAD_ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Tokyo",
)


class UnknownPerson(Exception):
    """No sample person has that id or e-mail address."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as Identity describes them. `timezone` is an IANA name; `roles` of `member`, `admin`."""

    id: str
    organization_id: str
    name: str
    email: str
    timezone: str
    locale: str
    roles: tuple[str, ...]
    active: bool = True


class Directory:
    """All sample people, by id and by e-mail; changes are kept in a file and survive a restart."""

    def __init__(self, changes: Path) -> None:
        self._file = changes
        self._changes: dict[str, dict[str, Any]] = _read_changes(changes)
        self._people = {person.id: person for person in sample_people()}
        for identifier, change in self._changes.items():
            self._people[identifier] = _changed(self._people[identifier], change)
        self._ids = {person.email: person.id for person in self._people.values()}

    def everybody(self) -> list[Person]:
        """Return all people: those with names first, then the load people."""
        return list(self._people.values())

    def named(self) -> list[Person]:
        """Return the active people with names, without those for load."""
        names = len(_NORDLICHT_PEOPLE) + len(_HARBOR_PEOPLE)
        return [person for person in self.everybody()[:names] if person.active]

    def known(self, user_ids: list[Any]) -> list[Person]:
        """Return the people of `user_ids` that exist, each once, in that order; UUIDs in any spelling are
        accepted.
        """
        found = {}
        for text in user_ids:
            person = self._people.get(text) if isinstance(text, str) else None
            person = person or self._people.get(_canonical(text))
            if person is not None:
                found[person.id] = person
        return list(found.values())

    def search(self, organization: str, text: str, after: str, limit: int) -> tuple[list[Person], str | None]:
        """Return a page of active people of an organization, ordered by name, and the next page's cursor.

        Each word of `text` is the beginning of a word of the name or address; accents do not count.
        """
        wanted = _words(text)
        found = sorted(
            (
                (_plain(person.name), person.id, person)
                for person in self._people.values()
                if person.organization_id == organization
                and person.active
                and _begins(wanted, _words(f"{person.name} {person.email}"))
            ),
            key=lambda entry: entry[:2],
        )
        rest = [entry for entry in found if f"{entry[0]} {entry[1]}" > after]
        last = rest[limit - 1] if len(rest) > limit else None
        return [entry[2] for entry in rest[:limit]], f"{last[0]} {last[1]}" if last else None

    def by_email(self, email: str) -> Person:
        """Return the person with this address, in upper or lower case. Raises UnknownPerson."""
        identifier = self._ids.get(email.strip().lower())
        if identifier is None:
            raise UnknownPerson(f"Nobody has the address {email[:200]}.")
        return self._people[identifier]

    def change(self, identifier: str, change: dict[str, Any]) -> Person:
        """Change some fields of a person and keep the change. Raises UnknownPerson."""
        identifier = _canonical(identifier)
        if identifier not in self._people:
            raise UnknownPerson("Nobody has this id.")
        self._people[identifier] = _changed(self._people[identifier], change)
        self._changes[identifier] = self._changes.get(identifier, {}) | change
        _write(self._file, orjson.dumps(self._changes))
        return self._people[identifier]


def _begins(wanted: list[str], words: list[str]) -> bool:
    return all(any(word.startswith(part) for word in words) for part in wanted)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", _plain(text))


def _plain(text: str) -> str:
    """Return text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def organization_id(domain: str) -> str:
    """Return the id of the organization with addresses in `domain`."""
    return str(uuid5(NAMESPACE_DNS, domain))


def person_id(email: str) -> str:
    """Return the id of the person with this address."""
    return str(uuid5(NAMESPACE_URL, f"mailto:{email.strip().lower()}"))


def sample_people() -> Iterator[Person]:
    """Return the initial people: the named ones of both organizations, then `load0001@` to `load1000@`."""
    for domain, people in ((NORDLICHT, _NORDLICHT_PEOPLE), (HARBOR, _HARBOR_PEOPLE)):
        for name, zone, locale, role in people:
            roles = ("member", "admin") if role == "admin" else ("member",)
            yield _person(name, f"{name.split()[0].lower()}@{domain}", domain, zone, locale, roles)
    for number in range(1, LOAD_PEOPLE + 1):
        domain = NORDLICHT if number <= LOAD_PEOPLE // 2 else HARBOR
        zone = _LOAD_ZONES[number % len(_LOAD_ZONES)]
        yield _person(f"Load {number:04}", f"load{number:04}@{domain}", domain, zone, "en", ("member",))


def _person(name: str, email: str, domain: str, zone: str, locale: str, roles: tuple[str, ...]) -> Person:
    return Person(person_id(email), organization_id(domain), name, email, zone, locale, roles)


def _changed(person: Person, change: dict[str, Any]) -> Person:
    return replace(person, **{**change, "roles": tuple(change.get("roles", person.roles))})


def _canonical(identifier: object) -> str:
    try:
        return str(UUID(str(identifier)))
    except ValueError:
        return ""


def _read_changes(file: Path) -> dict[str, dict[str, Any]]:
    return dict(orjson.loads(file.read_bytes())) if file.exists() else {}


def _write(file: Path, content: bytes) -> None:
    """Replace the file in one step, so that a kill leaves the old or the new, never half."""
    draft = file.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(file)
