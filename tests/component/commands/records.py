"""Records as strangers send them to a topic of commands."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.envelope import Record
from contracts.tools.samples import GOOD
from tests.component.commands.service import Service

ANNA = UUID("a0000000-0000-4000-8000-00000000000a")
STRANGER = UUID("b0000000-0000-4000-8000-00000000000b")
ORGANIZATION = UUID("c0000000-0000-4000-8000-00000000000c")
OTHER_ORGANIZATION = UUID("d0000000-0000-4000-8000-00000000000d")
START = datetime.now(UTC).replace(microsecond=0)
_offsets = itertools.count(1)


def a_record(
    service: Service,
    kind: str,
    body: Any = None,
    *,
    value: bytes | None = b"",
    more: tuple[tuple[str, Any], ...] = (),
    **headers: Any,
) -> Record:
    """The sample of that type, sent by an admin, at the next offset; a header of None is left out, `more` come last."""
    offset = next(_offsets)
    given = {"ce_id": uuid4(), "ce_type": kind, "actor": ANNA, "organization": ORGANIZATION, **headers}
    raw = [
        (name, text if isinstance(text, bytes) else str(text).encode())
        for name, text in given.items()
        if text is not None
    ]
    content = json.dumps(GOOD[kind] if body is None else body).encode() if value == b"" else value
    at = START + timedelta(milliseconds=offset)
    return Record(service.commands, 0, offset, at, b"key", content, (*raw, *more))


def with_each_text(value: Any, text: str) -> Iterator[Any]:
    """The same JSON value with one of its strings replaced, for each of them."""
    if isinstance(value, str):
        yield text
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: other} for other in with_each_text(inner, text))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from (
                [*value[:number], other, *value[number + 1 :]] for other in with_each_text(inner, text)
            )
