"""A person with a token, and what they see."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support import eventually

_days = itertools.count(30)


def free_day() -> datetime:
    """Nine o'clock UTC on a day that no other journey uses."""
    today = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    return today + timedelta(days=next(_days))


@dataclass
class User:
    """One person; `http` is the ingress with their token, `communication` the sandbox's address."""

    id: str
    name: str
    organization: str
    http: httpx.AsyncClient
    communication: str

    async def book(
        self, start: datetime, *others: "User", minutes: float = 60, **fields: Any
    ) -> dict[str, Any]:
        """Book an appointment that must succeed."""
        answer = await self.try_to_book(start, *others, minutes=minutes, **fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def try_to_book(
        self,
        start: datetime,
        *others: "User",
        minutes: float = 60,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """Book an appointment."""
        body = {
            "title": "Review",
            "start_time": start.isoformat(),
            "end_time": (start + timedelta(minutes=minutes)).isoformat(),
            "participant_ids": [other.id for other in others],
            **fields,
        }
        return await self.http.post("", json=body, headers=headers)

    async def calendar(self, day: datetime, of: "User | None" = None) -> list[dict[str, Any]]:
        """That day of their calendar, or of somebody else's."""
        start = day.replace(hour=0)
        query = {"from": start.isoformat(), "to": (start + timedelta(days=1)).isoformat()}
        answer = await self.http.get("/calendar", params=query | ({"user_id": of.id} if of else {}))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def notified(
        self, appointment: dict[str, Any], expected: set[tuple[str, str]], deadline: float = 30
    ) -> list[Any]:
        """Wait until the messages to them about an appointment are exactly these (type, channel), once each."""
        query = {"recipient": self.id, "entity_id": appointment["id"]}

        async def all_there() -> list[Any]:
            async with httpx.AsyncClient() as client:
                messages = (await client.get(f"{self.communication}/sandbox/messages", params=query)).json()
            found = sorted(
                (message["type"], channel) for message in messages for channel in message["channels"]
            )
            assert found == sorted(expected), found
            return list(messages)

        return await eventually(all_there, deadline, interval=0.1)


@dataclass
class Users:
    """The sandbox's people."""

    urls: dict[str, str]
    people: dict[str, dict[str, Any]]
    known: dict[str, User] = field(default_factory=dict)

    @classmethod
    async def of(cls, urls: dict[str, str]) -> "Users":
        """Ask Identity who there is."""
        async with httpx.AsyncClient(base_url=urls["IDENTITY_URL"]) as identity:
            people = (await identity.get("/sandbox/people")).json()
        return cls(urls, {person["email"]: person for person in people})

    async def __call__(self, email: str) -> User:
        """The person with that address, with a fresh token."""
        if email not in self.known:
            async with httpx.AsyncClient(base_url=self.urls["IDENTITY_URL"]) as identity:
                token = (await identity.post("/sandbox/tokens", json={"email": email})).json()["token"]
            person = self.people[email]
            http = httpx.AsyncClient(
                base_url=f"{self.urls['INGRESS_URL']}/api/appointments",
                headers={"Authorization": f"Bearer {token}"},
                timeout=20,
            )
            self.known[email] = User(
                person["id"], person["name"], person["organization_id"], http, self.urls["COMMUNICATION_URL"]
            )
        return self.known[email]
