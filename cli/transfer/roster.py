"""People by id or e-mail address."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """An active person of an organization; `timezone` is an IANA name."""

    id: str
    organization: UUID
    email: str
    timezone: str


class Roster:
    """The active people of Identity."""

    def __init__(self, people: Iterable[JSON]) -> None:
        self._found: dict[str, Member] = {}
        for person in people:
            if person.get("active", True):
                member = Member(
                    person["id"],
                    UUID(person["organization_id"]),
                    person["email"],
                    person.get("timezone", "UTC"),
                )
                self._found[member.id.lower()] = self._found[member.email.lower()] = member

    def find(self, who: Any) -> Member | None:
        """Return the person with this id or address (also as `mailto:` or `urn:uuid:`), or None."""
        if not isinstance(who, str):
            return None
        name = who.strip().lower().removeprefix("mailto:").removeprefix("urn:uuid:")
        return self._found.get(name)

    def address(self, who: str) -> str:
        """Return the e-mail address of an id, or the id when the person is unknown."""
        member = self._found.get(who.lower())
        return member.email if member else who
