"""The people of organizations. They are never cached: requests are rare, and rights can be taken back."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from identity.client import IdentityClient

ADMIN = "admin"


class Directory:
    """The notifier's use of the Identity Service.

    `timeout`: seconds of one call, including the connection.
    """

    def __init__(self, base_url: str, *, timeout: float) -> None:
        self._client = IdentityClient(base_url, timeout=timeout)
        self.timeout = timeout

    async def members(
        self, users: Collection[UUID], before_each: Callable[[], Awaitable[None]] | None = None
    ) -> dict[tuple[UUID, UUID], bool]:
        """Return the active people among `users`, each with their organization, and whether they are admins.

        Raises DependencyDown("identity") if there is no usable response in time, Refused if there never will
        be one.
        """
        people = await self._client.validate(users, before_each)
        return {
            (person.id, person.organization_id): ADMIN in person.roles
            for person in people.values()
            if person.active
        }

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
