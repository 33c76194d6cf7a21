"""Calls to the Communication Service, as the requirements describe them. A person's token is never used nor stored."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import orjson

from chassis import http
from notifications.templates.layouts import CALENDAR_FILE
from services.notifier.domain.retry import Failure
from services.notifier.domain.text import one_line

PREFIX = "/api/communication"
ENTITY_TYPE = "appointment"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a call follows from, for the headers that cross services."""

    organization_id: UUID | None = None
    actor: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None


class CommunicationClient:
    """One connection pool to the service; every call gives None or a body, or a Failure. It never raises for an answer."""

    def __init__(self, base_url: str, *, token: str, timeout: float = 30.0, limits: int = 100) -> None:
        self._client = http.client(base_url, timeout=timeout, limits=limits)
        self._base = base_url.rstrip("/") + PREFIX
        self._send_url = httpx.URL(f"{self._base}/notifications/send")
        self._timeout = timeout
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}

    async def send(self, key: UUID, body: bytes, origin: Origin) -> Failure | None:
        """Send a notification; `body` is the JSON of `send_body`. The same key has one effect, however often it is sent."""
        headers = self._headers(origin, str(key)) | {
            "Content-Type": "application/json",
            "Idempotency-Key": str(key),
        }
        return (await self._call(httpx.Request("POST", self._send_url, headers=headers, content=body)))[1]

    async def register(self, template: Mapping[str, Any]) -> Failure | None:
        """Register a template, or replace it by itself."""
        url = f"{self._base}/templates/{template['id']}"
        request = self._client.build_request("PUT", url, json=template, headers=self._headers(Origin()))
        return (await self._call(request))[1]

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _call(self, request: httpx.Request) -> tuple[httpx.Response | None, Failure | None]:
        try:
            async with asyncio.timeout(
                self._timeout
            ):  # httpx bounds each step, not the whole of a trickling answer
                response = await self._client.send(request)
        except TimeoutError:
            return None, Failure(f"no answer within {self._timeout:g} s")
        except (httpx.HTTPError, OSError) as error:
            return None, Failure(one_line(f"{type(error).__name__}: {error}", 200))
        if response.status_code < 300:
            return response, None
        retry_after = _retry_after(response.headers.get("retry-after"))
        return response, Failure(_reason(response), response.status_code, retry_after)

    def _headers(self, origin: Origin, request_id: str | None = None) -> dict[str, str]:
        """The cross-service headers of the requirements; what is unknown is left out."""
        request_id = request_id or str(uuid4())
        correlation_id = _header(origin.correlation_id) or request_id
        headers = {
            **self._authorization,
            "X-Correlation-ID": correlation_id,
            "X-Request-ID": request_id,
            "X-Trace-ID": _trace_id(origin.traceparent) or correlation_id,
        }
        if origin.actor:
            headers["X-User-ID"] = _header(origin.actor)
        if origin.organization_id:
            headers["X-Organization-ID"] = str(origin.organization_id)
        return headers


def send_body(
    *,
    kind: str,
    channel: str,
    recipient_id: UUID,
    template_id: str,
    data: Mapping[str, str],
    priority: str,
    appointment_id: UUID,
    locale: str = "en",
) -> bytes:
    """The payload of the send call: the requirements' fields, the entity that delivery reports name, and the language.

    `locale` chooses among the languages that the template was registered with; a service that knows none of that
    ignores it and sends the English text.
    """
    return orjson.dumps(
        {
            "type": kind,
            "channels": [channel],
            "recipients": [str(recipient_id)],
            "template_id": template_id,
            "template_data": data,
            "priority": priority,
            "entity_type": ENTITY_TYPE,
            "entity_id": str(appointment_id),
            "locale": locale,
        }
    )


def on_channel(body: bytes, channel: str) -> bytes:
    """The same payload for another channel, without what only an e-mail brings."""
    payload = orjson.loads(body)
    words = {name: text for name, text in payload["template_data"].items() if name != CALENDAR_FILE}
    return orjson.dumps(payload | {"channels": [channel], "template_data": words})


def to_many(body: bytes, recipients: Collection[UUID]) -> bytes:
    """The same payload for many; each recipient's name is then left to the Communication Service, which knows them."""
    payload = orjson.loads(body)
    words = {name: text for name, text in payload["template_data"].items() if name != "recipient_name"}
    return orjson.dumps(payload | {"recipients": [*map(str, recipients)], "template_data": words})


def with_words(body: bytes, words: Mapping[str, str]) -> bytes:
    """The same payload with these variables of its text."""
    payload = orjson.loads(body)
    return orjson.dumps(payload | {"template_data": {**payload["template_data"], **words}})


def _reason(response: httpx.Response) -> str:
    """`HTTP 422 missing_variable: template_data lacks …`, as far as the answer says."""
    try:
        problem = orjson.loads(response.content)
        said = f" {problem.get('code', '')}: {problem.get('detail', '')}".rstrip(" :")
    except (ValueError, AttributeError):
        said = ""
    return one_line(f"HTTP {response.status_code}{said}")


def _retry_after(value: str | None) -> float | None:
    """Seconds from now, from either form of the header (a number or a date); None when it says neither."""
    if value is None:
        return None
    if value.isascii() and value.strip().isdigit():
        return float(min(int(value[:12]), 10**9))
    try:
        until = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _header(value: str | None) -> str:
    """A value that fits into an HTTP header, percent-encoded where it would not."""
    value = value or ""
    return value if value.isascii() and value.isprintable() else quote(value)


def _trace_id(traceparent: str | None) -> str | None:
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else None
