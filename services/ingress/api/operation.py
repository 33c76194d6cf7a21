"""One operation of the API: the declaration that routing, parsing and the OpenAPI document share."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Required, TypedDict, TypeVar, Unpack, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import BaseModel
from starlette.responses import Response

from contracts.outcomes import Code
from services.ingress.api.answer import Answer
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import Header
from services.ingress.api.parameters import BodyParameters, Parameters
from services.ingress.domain.paths import PREFIX
from services.ingress.domain.problems import CODES
from services.ingress.settings import IngressSettings

Handler = Callable[..., Awaitable[Response]]
H = TypeVar("H", bound=Handler)

TOKEN, NO_TOKEN = "token", "none"
READ = ("views_unavailable",)
WRITE = (*(code.value for code in Code), "kafka_unavailable")
"""A command can be refused with every code of an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sends:
    """The body of a request. `without`: fields of the model that the path decides, and that are refused in
    the body.

    `blank_is_empty`: no body is read as `{}`, so that its problem names the fields. `from_query`:
    parameters that stand for fields. The model is that of the handler's `body`; `model` names it where the
    handler takes the bytes. `max_bytes`: the setting with their limit.
    """

    example: Any
    media: str = "application/json"
    required: bool = True
    without: Sequence[str] = ()
    blank_is_empty: bool = False
    from_query: type[BodyParameters] | None = None
    model: type[BaseModel] | None = None
    max_bytes: str = "body_max_bytes"

    def most(self, settings: IngressSettings) -> int:
        """Return the bytes that a body may have."""
        return int(getattr(settings, self.max_bytes))


class Declared(TypedDict, total=False):
    """Keywords of a declaration. `problems`: codes beside those that follow from access, parameters and
    body.
    """

    summary: Required[str]
    answers: Required[Sequence[Answer]]
    id: str
    access: str
    admins_only: str
    endless: bool
    sends: Sends
    headers: Sequence[Header]
    problems: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. The handler's signature declares path parameters, `query` and `body`.

    `admins_only`: the refusal that members get; empty: all may call. `model`: of the JSON body that is read
    before the handler is called; `reads_bytes`: the body is read as it is. `endless`: an answer that needs no
    place among the requests in flight: a stream, or a probe.
    """

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    handler: Handler
    answers: Sequence[Answer]
    access: str = TOKEN
    admins_only: str = ""
    endless: bool = False
    sends: Sends | None = None
    headers: Sequence[Header] = ()
    problems: Sequence[str] = ()
    path_parameters: Mapping[str, type]
    query: type[Parameters] | None = None
    model: type[BaseModel] | None = None
    reads_bytes: bool = False

    @property
    def parameters(self) -> type[Parameters] | None:
        """The query parameters, whether the handler takes them or the body."""
        return self.query or (self.sends.from_query if self.sends else None)

    @property
    def codes(self) -> Sequence[str]:
        """Every problem code that a call can get, each once, ordered by status."""
        found = {"internal", "headers_too_large", "timeout", *self.problems}
        if self.access == TOKEN:
            found |= {"unauthenticated", "not_allowed", "rate_limited", "identity_unavailable"}
        if self.parameters is not None:
            found.add("invalid")
        if UUID in self.path_parameters.values():
            found.add("not_found")
        if self.sends is not None:
            found |= {"malformed", "too_large", "invalid"}
        if not self.endless:
            found.add("overloaded")
        return sorted(found, key=lambda code: (CODES[code][0], code))


class Operations:
    """Declares the operations of one tag; `about` describes the tag."""

    def __init__(self, tag: str, about: str, prefix: str = PREFIX) -> None:
        self.tag = tag
        self.about = about
        self.all: list[Operation] = []
        self._prefix = prefix

    def operation(self, method: str, path: str, **declared: Unpack[Declared]) -> Callable[[H], H]:
        """Return a decorator that declares an operation; its description is the handler's docstring.

        Raises TypeError for a declaration that would leave something undescribed.
        """

        def declare(handler: H) -> H:
            """Declare the operation, and return the handler as it is."""
            self.all.append(_operation(method, self._prefix + path, self.tag, handler, declared))
            return handler

        return declare


def _operation(method: str, path: str, tag: str, handler: Handler, declared: Declared) -> Operation:
    hints = get_type_hints(handler)
    query, sent = hints.pop("query", None), hints.pop("body", None)
    in_path = {parameter: kind for parameter, kind in hints.items() if kind not in (Call, Response)}
    flaw = _flaw(path, inspect.getdoc(handler), in_path, sent is not None, declared)
    if flaw:
        raise TypeError(f"{method} {path}: {flaw}")
    given: Any = {"id": getattr(handler, "__name__", ""), **declared}
    return Operation(
        **given,
        method=method,
        path=path,
        tag=tag,
        description=inspect.getdoc(handler) or "",
        handler=handler,
        path_parameters=in_path,
        query=query,
        model=get_args(sent)[0] if get_origin(sent) is Body else None,
        reads_bytes=sent is bytes,
    )


def _flaw(
    path: str, description: str | None, taken: Mapping[str, type], takes_body: bool, declared: Declared
) -> str | None:
    """Return what a declaration would leave undescribed; None if it is complete."""
    in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
    if not description:
        return "the handler has no docstring, which describes the operation"
    if taken.keys() != in_path:
        return f"the handler takes {sorted(taken)}, the path has {sorted(in_path)}"
    if takes_body and "sends" not in declared:
        return "the handler takes a body that `sends` does not describe"
    if not any(200 <= answer.status < 300 for answer in declared["answers"]):
        return "no answer of class 2xx is declared"
    if unknown := set(declared.get("problems", ())) - CODES.keys():
        return f"unknown problem codes {sorted(unknown)}"
    return None
