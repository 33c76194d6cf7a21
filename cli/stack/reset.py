"""`appointments reset`: stop the stack of a home and delete its data."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.console import EXIT_FAILED, EXIT_USAGE, HomeOption, fail, home_at, say, with_examples
from cli.stack.down import stop

# Everything that a stack keeps in its home; another file in that folder is not ours to delete.
_OURS = (
    "postgres*",
    "kafka*",
    "identity",
    "communication",
    "logs",
    "webhook.secret",
    "stack.json",
    "stack.new",
    "up.lock",
)


@with_examples("appointments reset", "appointments reset --yes && appointments up")
def reset(
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the stack and delete all its data.

    Appointments, messages, logs and passwords are gone; the downloaded Kafka is kept. Exit codes: 1 not confirmed, 2
    --yes is missing where nobody can be asked.
    """
    place = home_at(home)
    found = sorted({path for pattern in _OURS for path in place.path.glob(pattern)})
    if not found:
        say(f"there is no data in {place.path}")
        return
    if not yes:
        if not sys.stdin.isatty():
            fail(f"all data in {place.path} would be deleted: confirm it with --yes", EXIT_USAGE)
        if not typer.confirm(f"Delete all data of the stack in {place.path}?", err=True):
            raise typer.Exit(EXIT_FAILED)
    stop(place)
    for path in found:
        _delete(path)
    say(f"deleted the data in {place.path}; start again with: appointments up")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
