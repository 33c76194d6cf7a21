"""Who administers an organization. Asked each time, because it is rare and a right can be taken back."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from identity.client import IdentityClient

ADMIN = "admin"


class Directory:
    """Asks the Identity Service. `timeout`: seconds of one call, the connection included."""

    def __init__(self, base_url: str, *, timeout: float) -> None:
        self._client = IdentityClient(base_url, timeout=timeout)
        self.timeout = timeout

    async def admins(
        self, users: Collection[UUID], before_each: Callable[[], Awaitable[None]] | None = None
    ) -> set[tuple[UUID, UUID]]:
        """Those of `users` who are active admins, each with their organization.

        Raises DependencyDown("identity") when there is no usable answer in time, Refused when there never will be.
        """
        people = await self._client.validate(users, before_each)
        return {
            (person.id, person.organization_id)
            for person in people.values()
            if person.active and ADMIN in person.roles
        }

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
