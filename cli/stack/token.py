"""`appointments token`: a token of one of the sandbox's people."""

from typing import Annotated, Any

import typer

from cli.console import EXIT_USAGE, HomeOption, fail, running_stack, say, with_examples
from cli.stack.people import PERSON, fetch_people, person_of
from cli.stack.sandbox import ask_identity

_NOT_FOUND = 404


@with_examples(
    "appointments token mira",
    "TOKEN=$(appointments token mira --raw)",
)
def token(
    person: Annotated[str, typer.Argument(metavar="PERSON", help=f"Whose token: {PERSON}.")],
    raw: Annotated[
        bool, typer.Option("--raw", help="Print only the token, also in a terminal (a pipe gets only that).")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Print a token (JWT) of one of the sandbox's people, good for 24 hours.

    It is one line.
    """
    del raw  # the token is all that is printed; the option states that it stays so
    say(token_of(running_stack(home).urls["IDENTITY_URL"], person))


def token_of(identity_url: str, word: str) -> str:
    """Return a JWT of the person that a word means."""
    email = word if "@" in word else person_of(fetch_people(identity_url), word)["email"]
    return fetch_token(identity_url, email)


def fetch_token(identity_url: str, email: str) -> str:
    """Return a JWT of the person with this e-mail address."""
    answer = ask_identity(identity_url, "POST", "/sandbox/tokens", {"email": email})
    if answer.status == _NOT_FOUND:
        fail(f"the sandbox has no person {email!r} (see: appointments people)", EXIT_USAGE)
    if answer.is_error:
        fail(f"the Identity Service issued no token for {email} ({answer.status}: {answer.text})")
    issued: dict[str, Any] = answer.json()
    return str(issued["token"])
