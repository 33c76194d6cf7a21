"""Outcomes that somebody waits for, on a partition of this process's own."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

Outcome = dict[str, Any]


class Replies:
    """Hands each outcome to those who wait for its command; the others are nobody's here."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[Outcome]]] = {}

    @contextlib.contextmanager
    def expect(self, command_id: str) -> Iterator[asyncio.Future[Outcome]]:
        """A future of the command's outcome; to be asked for before the command is published."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(command_id, [])
        waiting.append(future)
        try:
            yield future
        finally:
            waiting.remove(future)
            if not waiting:
                self._waiting.pop(command_id, None)

    def handle(self, records: Sequence[Any]) -> None:
        """Read records of booking.outcomes or notifier.outcomes; whatever is not an outcome is passed over."""
        if not self._waiting:
            return
        for record in records:
            outcome = _outcome(record.value)
            for future in self._waiting.get(str(outcome.get("command_id")), ()):
                if not future.done():
                    future.set_result(outcome)


def _outcome(value: bytes | None) -> Outcome:
    try:
        outcome = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return outcome if isinstance(outcome, dict) else {}
