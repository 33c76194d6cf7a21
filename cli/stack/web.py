"""Small HTTP calls to this machine, by the standard library: commands that must answer at once import nothing more."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_OPENER = build_opener(ProxyHandler({}))  # 127.0.0.1 is never behind a proxy


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of a response."""

    status: int
    body: bytes

    @property
    def is_error(self) -> bool:
        """Whether the call was refused or failed."""
        return self.status >= 400

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace").strip()

    def json(self) -> Any:
        """Return the body's JSON value; raises ValueError."""
        return json.loads(self.body)


def ask(method: str, url: str, body: Any = None, *, timeout: float = 10) -> Answer:
    """Return the answer, whatever its status; raises OSError when there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            return Answer(response.status, response.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.read())
