"""Calls to the Communication Service (docs/requirements.md#send). A person's token is neither used nor
stored.
"""

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
    """The origin of a call, for the headers that are passed on between services."""

    organization_id: UUID | None = None
    actor: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None


class CommunicationClient:
    """One connection pool to the service. Its calls return a Failure, or None; they raise for no response."""

    def __init__(self, base_url: str, *, token: str, timeout: float = 30.0, limits: int = 100) -> None:
        self._client = http.client(base_url, timeout=timeout, limits=limits)
        self._base = base_url.rstrip("/") + PREFIX
        self._send_url = httpx.URL(f"{self._base}/notifications/send")
        self._timeout = timeout
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}

    async def send(self, key: UUID, body: bytes, origin: Origin) -> Failure | None:
        """Send a notification.

        `body`: JSON from `send_body`. Calls with the same key have one effect altogether.
        """
        headers = self._headers(origin, str(key)) | {
            "Content-Type": "application/json",
            "Idempotency-Key": str(key),
        }
        return (await self._call(httpx.Request("POST", self._send_url, headers=headers, content=body)))[1]

    async def register(self, template: Mapping[str, Any]) -> Failure | None:
        """Register a template, or register it again."""
        url = f"{self._base}/templates/{template['id']}"
        request = self._client.build_request("PUT", url, json=template, headers=self._headers(Origin()))
        return (await self._call(request))[1]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _call(self, request: httpx.Request) -> tuple[httpx.Response | None, Failure | None]:
        try:
            # httpx bounds each step, but not the whole of a response that trickles in.
            async with asyncio.timeout(self._timeout):
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
        """Return the headers of docs/requirements.md#headers; unknown values are left out."""
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
    """Return the payload of docs/requirements.md#send.

    Delivery reports name its entity. `locale` selects one of the languages of the registered template; a
    service that does not know languages ignores it and sends the English text.
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
    """Return the same payload for another channel, without the calendar file, which only e-mails carry."""
    payload = orjson.loads(body)
    data = {name: text for name, text in payload["template_data"].items() if name != CALENDAR_FILE}
    return orjson.dumps(payload | {"channels": [channel], "template_data": data})


def to_many(body: bytes, recipients: Collection[UUID]) -> bytes:
    """Return the same payload for many recipients, whose names the Communication Service adds by itself."""
    payload = orjson.loads(body)
    data = {name: text for name, text in payload["template_data"].items() if name != "recipient_name"}
    return orjson.dumps(payload | {"recipients": [*map(str, recipients)], "template_data": data})


def with_variables(body: bytes, variables: Mapping[str, str]) -> bytes:
    """Return the same payload with these variables replaced."""
    payload = orjson.loads(body)
    return orjson.dumps(payload | {"template_data": {**payload["template_data"], **variables}})


def _reason(response: httpx.Response) -> str:
    """Return `HTTP 422 missing_variable: template_data lacks …`, as far as the response has these parts."""
    try:
        problem = orjson.loads(response.content)
        problem_text = f" {problem.get('code', '')}: {problem.get('detail', '')}".rstrip(" :")
    except (ValueError, AttributeError):
        problem_text = ""
    return one_line(f"HTTP {response.status_code}{problem_text}")


def _retry_after(value: str | None) -> float | None:
    """Return the seconds from now, from either form of the header (a number or a date), else None."""
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
    """Return the value, percent-encoded if an HTTP header cannot hold it as it is."""
    value = value or ""
    return value if value.isascii() and value.isprintable() else quote(value)


def _trace_id(traceparent: str | None) -> str | None:
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else None
