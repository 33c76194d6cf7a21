"""Answers of operations, as the document describes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from services.ingress.api import examples
from services.ingress.api.headers import ETAG, LOCATION, RETRY_AFTER, Header
from services.ingress.api.models.commands import PendingCommand

T = TypeVar("T", bound=BaseModel)
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that is no problem. `models`: a JSON body is one of these; without models it is text, or
    empty.

    An example is an instance of one of the models, so it cannot disagree with them; for text it is the
    text. `events`: the data of a stream's events, by name.
    """

    status: int
    description: str
    models: Sequence[type[BaseModel]] = ()
    example: BaseModel | str | None = None
    media: str = JSON
    headers: Sequence[Header] = ()
    events: Mapping[str, type[BaseModel]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise TypeError if a body would have no example, or JSON no schema."""
        if self.status not in (204, 304) and self.example is None:
            raise TypeError(f"an answer with status {self.status} needs an example of its body")
        if (
            self.media == JSON
            and self.example is not None
            and not isinstance(self.example, tuple(self.models))
        ):
            raise TypeError(f"the example of a {self.status} is no instance of its models")


def ok(model: type[T], example: T, *headers: Header) -> Answer:
    """Return 200 with a JSON body."""
    return Answer(status=200, description="OK", models=[model], example=example, headers=headers)


def created(model: type[T], example: T, *headers: Header) -> Answer:
    """Return 201 with a JSON body and, if `headers` say so, the path of the new resource."""
    return Answer(status=201, description="Created", models=[model], example=example, headers=headers)


def text(media: str, example: str, *headers: Header) -> Answer:
    """Return 200 with a body that is no JSON."""
    return Answer(status=200, description="OK", example=example, media=media, headers=headers)


EMPTY = Answer(status=204, description="Done; there is nothing to read.")
NOT_MODIFIED = Answer(
    status=304, description="The answer is the same as that of `If-None-Match`.", headers=[ETAG]
)
PENDING = Answer(
    status=202,
    description="The command is not decided yet; read its outcome at `Location`.",
    models=[PendingCommand],
    example=examples.PENDING,
    headers=[LOCATION, RETRY_AFTER],
)
