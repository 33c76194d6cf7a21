"""The two calls to a Communication Service that schedules by itself. No response makes them raise."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from chassis import http
from services.reminders.delegation.handover import ENTITY_TYPE
from services.reminders.messages.outgoing import EventContext

PREFIX = "/api/communication"
TRY_AGAIN = frozenset((408, 425, 429))


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that did not succeed; `for_good`: a retry cannot succeed either."""

    reason: str
    for_good: bool = False


class Communication:
    """One connection pool. `timeout`: seconds for one call; `token`: the service's own, never a person's."""

    def __init__(self, base_url: str, *, token: str, timeout: float) -> None:
        self._client = http.client(base_url, timeout=timeout)
        self._base = base_url.rstrip("/") + PREFIX
        self._timeout = timeout
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}

    async def schedule(self, key: UUID, body: dict[str, Any], context: EventContext) -> Failure | None:
        """Schedule a reminder at the service; the same key has one effect."""
        headers = self._headers(key, context)
        url = f"{self._base}/reminders/schedule"
        return await self._call(self._client.build_request("POST", url, json=body, headers=headers))

    async def cancel(self, key: UUID, context: EventContext) -> Failure | None:
        """Withdraw all reminders of an appointment."""
        params = {"entity_type": ENTITY_TYPE, "entity_id": str(context.appointment_id)}
        headers = self._headers(key, context)
        url = f"{self._base}/notifications/cancel"
        return await self._call(self._client.build_request("DELETE", url, params=params, headers=headers))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _call(self, request: httpx.Request) -> Failure | None:
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.send(request)
        except TimeoutError:
            return Failure(f"no answer within {self._timeout:g} s")
        except (httpx.HTTPError, OSError) as error:
            return Failure(f"{type(error).__name__}: {error}"[:200])
        if response.status_code < 300:
            return None
        for_good = response.status_code < 500 and response.status_code not in TRY_AGAIN
        return Failure(f"HTTP {response.status_code}: {response.text[:150]}", for_good)

    def _headers(self, key: UUID, context: EventContext) -> dict[str, str]:
        """Return the headers of docs/requirements.md#headers."""
        return {
            **self._authorization,
            "Idempotency-Key": str(key),
            "X-Correlation-ID": quote(context.correlation_id, safe="-_:."),
            "X-Request-ID": str(key),
            "X-User-ID": quote(context.actor, safe="-_:."),
            "X-Organization-ID": str(context.organization_id),
        }
