"""Small HTTP calls to this machine, by the standard library: commands that must answer at once import nothing
more.
"""

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit


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
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    data = None if body is None else json.dumps(body).encode()
    try:
        connection.request(method, parts.path or "/", data, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except HTTPException as error:
        raise ConnectionError(str(error) or type(error).__name__) from error
    finally:
        connection.close()
