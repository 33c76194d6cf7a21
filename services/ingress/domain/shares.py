"""Shares of the live streams: so many for a person, an organization, and the process."""

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from services.ingress.domain.caller import Caller


class Opened(Protocol):
    """Something that a caller has opened."""

    @property
    def caller(self) -> Caller:
        """The caller."""


S = TypeVar("S", bound=Opened)


@dataclass(slots=True)
class Shares(Generic[S]):
    """Open streams, the oldest first, and the limits of a person, an organization and the process."""

    person: int
    organization: int
    process: int
    _all: dict[S, None] = field(default_factory=dict)
    _people: dict[UUID, dict[S, None]] = field(default_factory=dict)
    _organizations: dict[UUID, dict[S, None]] = field(default_factory=dict)

    def add(self, stream: S) -> None:
        """Count a stream."""
        self._all[stream] = None
        self._people.setdefault(stream.caller.id, {})[stream] = None
        self._organizations.setdefault(stream.caller.organization, {})[stream] = None

    def remove(self, stream: S) -> None:
        """Count it no more."""
        del self._all[stream]
        for shares, key in (
            (self._people, stream.caller.id),
            (self._organizations, stream.caller.organization),
        ):
            del shares[key][stream]
            if not shares[key]:
                del shares[key]

    def oldest_in_the_way(self, caller: Caller) -> S | None:
        """Return the oldest stream of a share that is full for this caller; None if there is a place.

        A process that is full gives up a stream of the organization with most of them.
        """
        person = self._people.get(caller.id, {})
        if len(person) >= self.person:
            return next(iter(person))
        organization = self._organizations.get(caller.organization, {})
        if len(organization) >= self.organization:
            return next(iter(organization))
        if len(self._all) >= self.process:
            largest = max(self._organizations.values(), key=lambda streams: len(streams))
            return next(iter(largest))
        return None

    def __len__(self) -> int:
        """Return the number of streams."""
        return len(self._all)
