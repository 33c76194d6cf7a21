"""Busy times of an import, in portions that one command can carry."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

Busy = tuple[str, datetime, datetime]
"""The name of a range in its calendar (at most 255 characters), its start and its end (UTC)."""

RANGES_MAX = 5_000  # for each person
PORTION_MAX = 2_000
PORTION_BYTES = 200_000  # a command may have 256 KB
_BESIDE_UID = 100  # bytes of JSON


def portions(ranges: Sequence[Busy], removed: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield bodies of commands that together carry all ranges and removals; none if there are none."""
    busy: list[dict[str, Any]] = []
    gone: list[str] = []
    size = 0
    for uid, when in _named(ranges, removed):
        cost = len(orjson.dumps(uid)) + _BESIDE_UID
        if size + cost > PORTION_BYTES or max(len(busy), len(gone)) == PORTION_MAX:
            yield {"busy_times": busy, "removed": gone}
            busy, gone, size = [], [], 0
        size += cost
        if when is None:
            gone.append(uid)
        else:
            busy.append({"uid": uid, "start_time": _utc(when[0]), "end_time": _utc(when[1])})
    if busy or gone:
        yield {"busy_times": busy, "removed": gone}


def _named(
    ranges: Sequence[Busy], removed: Iterable[str]
) -> Iterator[tuple[str, tuple[datetime, datetime] | None]]:
    for uid, start, end in ranges:
        yield uid, (start, end)
    for uid in removed:
        yield uid, None


def _utc(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
