"""An Identity Service in memory."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import orjson

from identity.client import IdentityClient

HUB = UUID(int=0xA)


def a_person(identifier: UUID, **different: Any) -> dict[str, Any]:
    """An active member of HUB, as Identity describes people."""
    return {
        "id": str(identifier),
        "organization_id": str(HUB),
        "name": "Somebody",
        "timezone": "Europe/Berlin",
        "locale": "de",
        "roles": ["member"],
        "active": True,
    } | different


class Identity:
    """Answers with those of `users` who are asked for, and with what is no person at all; remembers each call."""

    def __init__(self, users: Sequence[Any], status: int = 200) -> None:
        self.users = users
        self.status = status
        self.tells_everybody = False
        self.requests: list[httpx.Request] = []
        self.asked: list[list[str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        wanted = orjson.loads(request.content)["user_ids"]
        self.requests.append(request)
        self.asked.append(wanted)
        users = [user for user in self.users if self.tells_everybody or _id(user) in (None, *wanted)]
        return httpx.Response(self.status, json={"users": users})

    def connection(self) -> httpx.AsyncClient:
        """A connection to it."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self), base_url="http://identity")

    def client(self) -> IdentityClient:
        """A client of it."""
        return IdentityClient("http://identity", timeout=5, client=self.connection())


def _id(user: Any) -> Any:
    return user.get("id") if isinstance(user, dict) else None
