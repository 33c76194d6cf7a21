"""The people behind a command: who sends it, and ids for names."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cli.stack.people import fetch_people, person_of

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sender:
    """The actor and the organization of a command."""

    actor: str
    organization: UUID


class Directory:
    """The sandbox's people, fetched only when a name or a default needs them."""

    def __init__(self, identity_url: str) -> None:
        self._url = identity_url
        self._people: list[JSON] | None = None

    def id_of(self, word: Any) -> Any:
        """Return the id of the person that a word means; an id, and what is no text, as it is."""
        if not isinstance(word, str) or _is_id(word):
            return word
        return person_of(self._everybody(), word)["id"]

    def sender(self, actor: str | None, organization: UUID | None) -> Sender:
        """Return actor and organization, each looked up where not given; the default is the sandbox's first
        person.
        """
        if actor is not None and organization is not None and _is_id(actor):
            return Sender(actor, organization)
        person = self._everybody()[0] if actor is None else person_of(self._everybody(), actor)
        return Sender(person["id"], organization or UUID(person["organization_id"]))

    def _everybody(self) -> list[JSON]:
        if self._people is None:
            self._people = fetch_people(self._url)
        return self._people


def _is_id(word: str) -> bool:
    try:
        UUID(word)
    except ValueError:
        return False
    return True
