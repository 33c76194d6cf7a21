"""People as Identity last described them, and the actor of a command."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

ADMIN = "admin"


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

    @property
    def is_admin(self) -> bool:
        """Whether they administer their organization."""
        return ADMIN in self.roles


People = Mapping[UUID, Person]


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor of a command: a person (`text` is the canonical form of `user`), or without a `user` a
    service: `service:NAME`.
    """

    text: str
    user: UUID | None = None

    @property
    def is_service(self) -> bool:
        """Whether one of our services acts."""
        return self.user is None


def belongs(person: Person | None, organization: UUID) -> bool:
    """Whether this is an active person of the organization."""
    return person is not None and person.active and person.organization_id == organization


def strangers(ids: Iterable[UUID], people: People, organization: UUID) -> Collection[UUID]:
    """Return those of `ids` who are missing, inactive or of another organization; refusals do not say which."""
    return {identifier for identifier in ids if not belongs(people.get(identifier), organization)}
