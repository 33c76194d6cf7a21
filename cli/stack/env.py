"""`appointments env`: the addresses of the running stack, as lines for a shell."""

import shlex
from collections.abc import Callable
from typing import Annotated

import typer

from cli.console import (
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    fail,
    print_json,
    running_stack,
    say,
    unknown,
    with_examples,
)

SECRETS = ("DATABASE_URL", "COMMUNICATION_WEBHOOK_SECRET", "CALENDAR_SECRET")
_FORMS: dict[str, Callable[[str, str], str]] = {
    "plain": lambda name, value: f"{name}={value}",
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: f"set -gx {name} {_fish(value)}",
}


@with_examples(
    'eval "$(appointments env --shell sh)"',
    "appointments env --shell fish | source",
    "appointments env --secrets --json",
)
def env(
    home: HomeOption = None,
    shell: Annotated[
        str,
        typer.Option(
            "--shell",
            metavar="plain|sh|fish",
            help="Print lines that this shell evaluates, or KEY=value (plain).",
        ),
    ] = "plain",
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets",
            help="Print the database's address, with its password, and the webhook's secret, too.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Print the addresses of the running stack as variables.

    The commands of `appointments` need none of them: they find the stack by its folder.
    """
    if shell not in _FORMS:
        fail(unknown("form", shell, _FORMS), EXIT_USAGE)
    urls = running_stack(home).urls
    shown = {name: value for name, value in urls.items() if secrets or name not in SECRETS}
    if json:
        print_json(shown)
    else:
        for name, value in shown.items():
            say(_FORMS[shell](name, value))


def _fish(value: str) -> str:
    """Quote a value for fish, where a backslash escapes within single quotes."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
