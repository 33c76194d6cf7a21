"""`appointments call`: any call of the HTTP API, as one of the sandbox's people."""

import json as jsonlib
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from cli.console import EXIT_FAILED, EXIT_USAGE, HomeOption, fail, unknown, with_examples
from cli.http.fields import body_of, picked, query_of
from cli.http.session import AsOption, Session, reached, refusal, session

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_WITHOUT_BODY = ("GET", "DELETE", "HEAD")
_TYPES = {".ics": "text/calendar", ".csv": "text/csv"}


@with_examples(
    "appointments call POST /api/appointments --as jonas title=Review "
    "timezone=Europe/Berlin start_time=2027-03-01T09:00 "
    "end_time=2027-03-01T10:00 participant_ids=mira --get id",
    "appointments call POST /api/appointments/ID/confirm --as mira",
    "appointments call DELETE /api/appointments/ID reason='No longer needed'",
    "appointments call POST /api/appointments/calendar/import --data my.ics",
    "appointments call GET /api/appointments/stream --as mira",
)
def call(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, PUT, PATCH, DELETE or HEAD.")],
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="For example /api/appointments; it may have a query.")
    ],
    assignments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[K=V]...",
            help="Set a field of the body (a.b nests; V is JSON or text), or of the query of GET and DELETE. People's fields take names.",
        ),
    ] = None,
    caller: AsOption = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FILE", help="Send this file as the body; - reads stdin.")
    ] = None,
    field: Annotated[
        str | None,
        typer.Option("--get", metavar="FIELD", help="Print only this field of the answer: id, items.0.id."),
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the body of the answer unchanged.")] = False,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", help="End a stream of events after so long.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Call the HTTP API as a person, and print the answer.

    Exit codes: 0 it was accepted (2xx, 3xx), 1 it was refused, 2 wrong use, 4 no stack is running, 6 no
    answer.
    """
    verb = method.upper()
    if verb not in _METHODS:
        fail(unknown("method", verb, _METHODS), EXIT_USAGE)
    with session(home, caller) as talk, reached(str(talk.client.base_url)):
        timeout = httpx.Timeout(30, read=seconds) if path.endswith("/stream") else httpx.Timeout(30)
        request = _request(talk, verb, path, assignments or [], data, timeout)
        response = talk.client.send(request, stream=True)
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            _print_events(response, seconds)
            return
        response.read()
    _print(response, field, raw=raw)
    if response.is_error:
        fail(refusal(response), EXIT_FAILED)


def _request(
    talk: Session, verb: str, path: str, assignments: list[str], data: Path | None, timeout: httpx.Timeout
) -> httpx.Request:
    def person_id(word: str) -> str:
        return str(talk.person(word)["id"])

    url = talk.client.base_url.join(path if "://" in path else "/" + path.lstrip("/"))
    if url.netloc != talk.client.base_url.netloc:
        fail(f"{url.host} would get the person's token: call only the API itself", EXIT_USAGE)
    content: bytes | None = None
    headers: dict[str, str] = {}
    if data is not None:
        content, headers = _content(data)
    elif verb not in _WITHOUT_BODY:
        content = jsonlib.dumps(body_of(assignments, person_id)).encode()
        headers = {"Content-Type": "application/json"}
        assignments = []
    if assignments:
        url = url.copy_merge_params(httpx.QueryParams(query_of(assignments, person_id)))
    return talk.client.build_request(verb, url, content=content, headers=headers, timeout=timeout)


def _content(file: Path) -> tuple[bytes, dict[str, str]]:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}", EXIT_USAGE)
    return content, {"Content-Type": _TYPES.get(file.suffix.lower(), "application/json")}


def _print(response: httpx.Response, field: str | None, *, raw: bool) -> None:
    if sys.stdout.isatty() and not raw and field is None:
        sys.stderr.write(f"< {response.status_code} {response.reason_phrase}\n")
    document = None if raw else _document(response)
    if field is not None and not response.is_error:
        value = picked(document, field)
        sys.stdout.write(
            (value if isinstance(value, str) else jsonlib.dumps(value, ensure_ascii=False)) + "\n"
        )
    elif document is not None:
        sys.stdout.write(jsonlib.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(response.content)
        sys.stdout.buffer.flush()


def _document(response: httpx.Response) -> Any:
    """Return the JSON of an answer, None when it is something else."""
    if "json" not in response.headers.get("content-type", ""):
        return None
    try:
        return response.json()
    except ValueError:
        return None


def _print_events(response: httpx.Response, seconds: float | None) -> None:
    """Print a stream as it comes, until it ends, or for so many seconds."""
    until = None if seconds is None else time.monotonic() + seconds
    with suppress(httpx.ReadTimeout):
        for line in response.iter_lines():
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
            if until is not None and time.monotonic() >= until:
                return
