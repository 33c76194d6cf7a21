"""`appointments token`: a token of one of the sandbox's people."""

from typing import Annotated

import typer

from cli.console import HomeOption, fail, running_stack, say
from cli.stack.sandbox import ask_identity

_NOT_FOUND = 404


def token(
    email: Annotated[str, typer.Argument(help="Whose token; see `appointments people`.")],
    home: HomeOption = None,
) -> None:
    """Print a JWT, good for 24 hours, as the last line."""
    say(fetch_token(running_stack(home).urls["IDENTITY_URL"], email))


def fetch_token(identity_url: str, email: str) -> str:
    """A JWT of the person with this e-mail address."""
    answer = ask_identity(identity_url, "POST", "/sandbox/tokens", {"email": email})
    if answer.status_code == _NOT_FOUND:
        fail(f"nobody has the e-mail address {email} (see: appointments people)")
    if answer.is_error:
        fail(
            f"the Identity Service issued no token for {email} ({answer.status_code}: {answer.text.strip()})"
        )
    return str(answer.json()["token"])
