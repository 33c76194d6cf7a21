"""Delivery reports as signed webhooks, for installations whose Communication Service does not write to Kafka."""

import asyncio
import hmac
import logging
import time
from collections.abc import Sequence

import httpx

from deploy.local.communication.reports import Report

_AT_ONCE = 16

logger = logging.getLogger(__name__)


class Webhook:
    """Send reports as `POST` to the ingress. A report repeated because another one failed has one effect
    there.
    """

    def __init__(self, url: str, secret: str) -> None:
        self.name = url
        self._secret = secret.encode()
        self._client: httpx.AsyncClient | None = None
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def connect(self) -> None:
        """Create the HTTP client."""
        self._client = httpx.AsyncClient(trust_env=False, timeout=10)

    async def send(self, reports: Sequence[Report]) -> None:
        """Return once each was answered 202 or refused for good."""
        if self._client is not None:
            await asyncio.gather(*(self._post(self._client, value) for _, value, _ in reports))

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _post(self, client: httpx.AsyncClient, body: bytes) -> None:
        at = int(time.time())
        digest = hmac.new(self._secret, f"{at}.".encode() + body, "sha256").hexdigest()
        headers = {"Content-Type": "application/json", "X-Signature": f"t={at},v1={digest}"}
        async with self._places:
            try:
                answer = await client.post(self.name, content=body, headers=headers)
            except httpx.TransportError as error:
                raise OSError(f"{type(error).__name__}: {error}") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise OSError(f"HTTP {answer.status_code}")
        if answer.is_client_error:
            logger.error("a report is refused: HTTP %d %s", answer.status_code, answer.text[:200])
