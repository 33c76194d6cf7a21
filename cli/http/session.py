"""The HTTP API as one of the sandbox's people uses it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from cli.console import EXIT_NOT_READY, fail, running_stack
from cli.stack.people import PERSON, fetch_people, person_of
from cli.stack.token import fetch_token

JSON = dict[str, Any]
AsOption = Annotated[
    str | None,
    typer.Option("--as", metavar="PERSON", help=f"Call as this person: {PERSON} (default: the first one)."),
]


@dataclass(frozen=True, slots=True)
class Session:
    """Everybody in the sandbox, the one who calls, and the client that carries their token."""

    people: list[JSON]
    caller: JSON
    client: httpx.Client

    def person(self, word: str) -> JSON:
        """Return the person that a word means; exit with 2 when it is not one."""
        return person_of(self.people, word)

    def name(self, identifier: str) -> str:
        """Return the name of the person with this id, or the id."""
        return next((str(one["name"]) for one in self.people if one["id"] == identifier), identifier)

    def get(self, path: str, query: Mapping[str, str]) -> Any:
        """Return the JSON of a GET; exit with a sentence when it is refused."""
        with reached(str(self.client.base_url)):
            response = self.client.get(path, params=query)
        if response.is_error:
            fail(refusal(response))
        return response.json()


@contextmanager
def session(home: Path | None, word: str | None) -> Iterator[Session]:
    """Call as the person that `word` means, else as the sandbox's first."""
    urls = running_stack(home).urls
    people = fetch_people(urls["IDENTITY_URL"])
    caller = person_of(people, word) if word else people[0]
    headers = {"Authorization": f"Bearer {fetch_token(urls['IDENTITY_URL'], caller['email'])}"}
    with httpx.Client(base_url=urls["INGRESS_URL"], headers=headers, trust_env=False, timeout=30) as client:
        yield Session(people, caller, client)


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Turn a call without an answer into a sentence and exit code 6."""
    try:
        yield
    except httpx.HTTPError as error:
        fail(f"the API at {url} does not answer ({error or type(error).__name__})", EXIT_NOT_READY)


def refusal(response: httpx.Response) -> str:
    """Return a refused call as one sentence: the problem's code, its detail, and each field that is wrong."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return f"{response.status_code} {response.reason_phrase}"
    errors: Sequence[Any] = problem.get("errors") or ()
    fields = "; ".join(f"{one.get('field')}: {one.get('message')}" for one in errors if isinstance(one, dict))
    detail = problem.get("detail") or problem.get("title") or response.reason_phrase
    return f"{problem.get('code', response.status_code)}: {detail}" + (f" ({fields})" if fields else "")
