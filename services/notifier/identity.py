"""The Identity Service: who administers an organization. Asked each time, because it is rare and a right can be taken back."""

import asyncio
from collections.abc import Collection
from typing import Any
from uuid import UUID

import httpx
import orjson

from chassis import http
from chassis.errors import DependencyDown

PATH = "/api/identity/users/validate"
ADMIN = "admin"


class Directory:
    """Calls the Identity Service. `timeout`: seconds of one call, the connection included."""

    def __init__(self, base_url: str, *, timeout: float) -> None:
        self._client = http.client(base_url, timeout=timeout)
        self.timeout = timeout

    async def admins(self, users: Collection[UUID]) -> set[tuple[UUID, UUID]]:
        """Those of `users` who are active admins, each with their organization.

        Raises DependencyDown("identity") when it does not give a usable answer in time.
        """
        try:
            async with asyncio.timeout(self.timeout):
                answer = await self._client.post(
                    PATH,
                    content=orjson.dumps({"user_ids": sorted(map(str, users))}),
                    headers={"content-type": "application/json", "x-source-service": "appointment-service"},
                )
            answer.raise_for_status()
            told = orjson.loads(answer.content)["users"]
            return {found for user in told if (found := _admin(user)) and found[0] in users}
        except (TimeoutError, httpx.HTTPError) as error:
            raise DependencyDown("identity", f"{type(error).__name__}: {error}"[:200]) from error
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise DependencyDown("identity", "its answer cannot be read") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _admin(user: Any) -> tuple[UUID, UUID] | None:
    """Who this is and where, if they are an active admin; whoever cannot be read is none."""
    try:
        if user["active"] is True and ADMIN in user["roles"]:
            return UUID(user["id"]), UUID(user["organization_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    return None
