"""Who is who for a command: the sandbox's people by id or e-mail address."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cli.console import EXIT_USAGE, fail
from cli.stack.people import fetch_people

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sender:
    """On whose behalf a command is sent."""

    actor: str
    organization: UUID


class Directory:
    """The sandbox's people, asked for only when an e-mail address or a default needs them."""

    def __init__(self, identity_url: str) -> None:
        self._url = identity_url
        self._people: list[JSON] | None = None

    def id_of(self, who: Any) -> Any:
        """The id of an e-mail address; anything else as it is."""
        if not isinstance(who, str) or "@" not in who:
            return who
        return self._by("email", who.strip().lower())["id"]

    def sender(self, actor: str | None, organization: UUID | None) -> Sender:
        """Who sends: the actor and the organization, each looked up where not given."""
        if actor is None:
            person = self._everybody()[0]
        elif "@" in actor:
            person = self._by("email", actor.strip().lower())
        elif organization is not None:
            return Sender(actor, organization)
        else:
            person = self._by("id", actor.lower())
        return Sender(person["id"], organization or UUID(person["organization_id"]))

    def _by(self, field: str, value: str) -> JSON:
        person = next((one for one in self._everybody() if one[field] == value), None)
        if person is None:
            fail(f"the sandbox knows nobody with the {field} {value} (see: appointments people)", EXIT_USAGE)
        return person

    def _everybody(self) -> list[JSON]:
        if self._people is None:
            self._people = fetch_people(self._url)
        return self._people
