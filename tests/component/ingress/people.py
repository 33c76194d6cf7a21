"""Four people in two organizations."""

from dataclasses import dataclass
from uuid import UUID, uuid5

NORD, SOUTH = UUID(int=1 << 100), UUID(int=2 << 100)


@dataclass(frozen=True, slots=True)
class Someone:
    """A person as a token names them."""

    name: str
    organization: UUID
    roles: tuple[str, ...] = ("member",)

    @property
    def id(self) -> UUID:
        """The same on every run."""
        return uuid5(self.organization, self.name)


ANNA = Someone("anna", NORD)
BEN = Someone("ben", NORD)
CARL = Someone("carl", NORD)
ADMIN = Someone("greta", NORD, ("admin",))
STRANGER = Someone("sofia", SOUTH)
STRANGE_ADMIN = Someone("maya", SOUTH, ("member", "admin"))
EVERYBODY = (ANNA, BEN, CARL, ADMIN, STRANGER, STRANGE_ADMIN)
