"""Outcomes that requests of this process await, on a partition of its own."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import orjson

from contracts.envelope import MalformedEnvelope, RawHeaders, header

Outcome = dict[str, Any]


class Replies:
    """Hands each outcome to the requests that await it; outcomes that nobody here awaits are ignored."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[asyncio.Future[Outcome]]] = {}

    @contextlib.contextmanager
    def expect(self, organization: UUID, command_id: UUID) -> Iterator[asyncio.Future[Outcome]]:
        """Yield a future of the command's outcome; to be called before the command is published.

        The outcome of another organization is no reply: each organization has its own command ids.
        """
        key = (str(organization), str(command_id))
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(key, [])
        waiting.append(future)
        try:
            yield future
        finally:
            waiting.remove(future)
            if not waiting:
                self._waiting.pop(key, None)

    def handle(self, records: Sequence[Any]) -> None:
        """Handle records of booking.outcomes or notifier.outcomes; anything but an outcome is ignored."""
        if not self._waiting:
            return
        for record in records:
            outcome = _outcome(record.value)
            key = (_organization(record.headers), str(outcome.get("command_id")))
            for future in self._waiting.get(key, ()):
                if not future.done():
                    future.set_result(outcome)


def _organization(headers: RawHeaders) -> str:
    try:
        return (header(headers, "organization") or "").lower()
    except MalformedEnvelope:
        return ""


def _outcome(value: bytes | None) -> Outcome:
    try:
        outcome = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return outcome if isinstance(outcome, dict) else {}
