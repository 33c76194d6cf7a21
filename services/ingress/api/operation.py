"""What is said of a call in the interface's documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `kind` decides its refusals; `answer` is an example; `schema` names the answer's component.

    An `answer` of None has no body. `repeatable`: an Idempotency-Key makes it the same command.
    """

    summary: str
    kind: str
    answer: Any
    status: int = 200
    schema: str | None = None
    body: Any = None
    body_schema: str | None = None
    query: Sequence[tuple[str, str, str]] = ()
    description: str = ""
    media: str = "application/json"
    body_media: str = "application/json"
    repeatable: bool = True
