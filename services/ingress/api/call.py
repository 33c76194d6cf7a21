"""A request on its way through its handler."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from starlette.requests import Request

from services.ingress.domain.caller import Caller
from services.ingress.runtime import Runtime

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Body(Generic[M]):
    """A JSON body that fits its model: the model, and the JSON as it was sent, for the command's record."""

    model: M
    json: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request in one process. `admitted` is None where no token is needed."""

    request: Request
    runtime: Runtime
    admitted: Caller | None = None

    @property
    def caller(self) -> Caller:
        """The person whose token came with the request."""
        if self.admitted is None:
            raise RuntimeError("an operation without a token has no caller")
        return self.admitted

    def header(self, name: str) -> str | None:
        """Return a header of the request; `name` in lower case."""
        return self.request.headers.get(name)
