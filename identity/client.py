"""The call of the Identity Service that every service makes: people by id, with organization, roles and zone."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import httpx
import orjson
from prometheus_client import Histogram

from chassis import http
from chassis.errors import DependencyDown, Refused
from identity.person import Person, people_of

PATH = "/api/identity/users/validate"
IDS_MAX = (
    1_000  # in one call: a batch can name a quarter of a million people, which no service answers at once
)
HEADERS = {"content-type": "application/json", "x-source-service": "appointment-service"}
DEPENDENCY = "identity"
_NOT_FOR_GOOD = frozenset((401, 403, 408, 425, 429))  # it may accept the same call later

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

    async def close(self) -> None:
        """Close our own connections."""
        if self._own is not None:
            await self._own.aclose()
            self._own = None

    async def _ask(self, ids: Sequence[UUID]) -> dict[UUID, Person]:
        started, result = time.monotonic(), "down"
        try:
            async with asyncio.timeout(self.timeout):
                answer = await self._client().post(
                    PATH, content=orjson.dumps({"user_ids": ids}, default=str), headers=HEADERS
                )
            people = _people(answer, frozenset(ids))
            result = "ok"
            return people
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
    status = answer.status_code
    if 400 <= status < 500 and status not in _NOT_FOR_GOOD:
        raise Refused(DEPENDENCY, f"HTTP {status} for {len(asked)} people")
    answer.raise_for_status()
    try:
        return people_of(orjson.loads(answer.content)["users"], asked)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise DependencyDown(DEPENDENCY, "its answer cannot be read") from error
