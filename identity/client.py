"""The calls of the Identity Service: people by id, which every service makes, and the search of people."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar
from uuid import UUID

import httpx
import orjson
from prometheus_client import Histogram

from chassis import http
from chassis.errors import DependencyDown, Refused
from identity.person import Person, people_of, readable

PATH = "/api/identity/users/validate"
IDS_MAX = (
    1_000  # in one call: a batch can name a quarter of a million people, which no service answers at once
)
HEADERS = {"content-type": "application/json", "x-source-service": "appointment-service"}
DEPENDENCY = "identity"
_NOT_FOR_GOOD = frozenset((401, 403, 408, 425, 429))  # it may accept the same call later

R = TypeVar("R")

CALL_SECONDS = Histogram(
    "appointments_identity_call_seconds",
    "Time of a call to the Identity Service, by result (ok, refused, down).",
    ["result"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


class IdentityClient:
    """Asks for people. `timeout` is the seconds of one call, the connection included; it connects at the first one.

    `client` is shared; its owner closes it.
    """

    def __init__(self, base_url: str, *, timeout: float, client: httpx.AsyncClient | None = None) -> None:
        self.timeout = timeout
        self._base_url = base_url
        self._own: httpx.AsyncClient | None = None
        self._shared = client

    async def validate(
        self, ids: Collection[UUID], before_each: Callable[[], Awaitable[None]] | None = None
    ) -> dict[UUID, Person]:
        """Those of `ids` whom Identity knows, by id; `before_each` is awaited before each call.

        Raises DependencyDown("identity") when it gives no usable answer in time, and Refused when it says that this
        request can never be answered.
        """
        wanted = sorted(set(ids))
        found: dict[UUID, Person] = {}
        for start in range(0, len(wanted), IDS_MAX):
            if before_each is not None:
                await before_each()
            found |= await self._ask(wanted[start : start + IDS_MAX])
        return found

    async def search(
        self, path: str, organization: UUID, **asked: str | int
    ) -> tuple[list[Person], str | None]:
        """Return people of an organization, and the cursor of the next page if there is one.

        `asked`: `q`, `limit` and `cursor`. Raises DependencyDown and Refused as `validate` does.
        """
        parameters: dict[str, str | int] = {"organization_id": str(organization), **asked}

        async def send() -> httpx.Response:
            return await self._client().get(path, params=parameters, headers=HEADERS)

        return await self._call(send, lambda answer: _found(answer, organization))

    async def close(self) -> None:
        """Close our own connections."""
        if self._own is not None:
            await self._own.aclose()
            self._own = None

    async def _ask(self, ids: Sequence[UUID]) -> dict[UUID, Person]:
        content = orjson.dumps({"user_ids": ids}, default=str)

        async def send() -> httpx.Response:
            return await self._client().post(PATH, content=content, headers=HEADERS)

        return await self._call(send, lambda answer: _people(answer, frozenset(ids)))

    async def _call(
        self, send: Callable[[], Awaitable[httpx.Response]], read: Callable[[httpx.Response], R]
    ) -> R:
        started, result = time.monotonic(), "down"
        try:
            async with asyncio.timeout(self.timeout):
                answer = await send()
            found = read(answer)
            result = "ok"
            return found
        except Refused:
            result = "refused"
            raise
        except TimeoutError as error:
            raise DependencyDown(DEPENDENCY, f"no answer within {self.timeout:g} s") from error
        except httpx.HTTPError as error:
            raise DependencyDown(DEPENDENCY, f"{type(error).__name__}: {error}"[:200]) from error
        finally:
            CALL_SECONDS.labels(result).observe(time.monotonic() - started)

    def _client(self) -> httpx.AsyncClient:
        if self._shared is not None:
            return self._shared
        if self._own is None:
            self._own = http.client(self._base_url, timeout=self.timeout)
        return self._own


def _people(answer: httpx.Response, asked: Collection[UUID]) -> dict[UUID, Person]:
    return people_of(_body(answer, f"for {len(asked)} people")["users"], asked)


def _found(answer: httpx.Response, organization: UUID) -> tuple[list[Person], str | None]:
    """Return the people of a page of a search, and the next cursor."""
    body = _body(answer, "for a search")
    people = [person for person in readable(body["users"]) if person.organization_id == organization]
    cursor = body.get("next_cursor")
    return people, cursor if isinstance(cursor, str) else None


def _body(answer: httpx.Response, of: str) -> dict[str, Any]:
    """Return the JSON of an answer with a list `users`. Raises Refused, DependencyDown and httpx's errors."""
    status = answer.status_code
    if 400 <= status < 500 and status not in _NOT_FOR_GOOD:
        raise Refused(DEPENDENCY, f"HTTP {status} {of}")
    answer.raise_for_status()
    try:
        body = orjson.loads(answer.content)
        if isinstance(body["users"], list):
            return dict(body)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise DependencyDown(DEPENDENCY, "its answer cannot be read") from error
    raise DependencyDown(DEPENDENCY, "its answer cannot be read")
