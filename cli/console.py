"""What all commands share: the home option, exit codes, output for people and for programs, errors in a sentence."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console

from deploy.local.home import Home, StackRecord

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_ALREADY_RUNNING = 3
EXIT_NOT_RUNNING = 4
EXIT_PORTS_TAKEN = 5
EXIT_NOT_READY = 6

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="APPOINTMENTS_HOME",
        help="Folder of the local stack (default: .appointments in the current folder).",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
ZoneOption = Annotated[
    str | None, typer.Option("--zone", help="Show times in this zone (default: this machine's).")
]


def fail(sentence: str, code: int = EXIT_FAILED) -> NoReturn:
    """Say in one sentence on stderr what went wrong, and exit with `code`."""
    if err.is_terminal:
        err.print("Error:", style="bold red", end=" ")
    err.file.write(sentence + "\n" if err.is_terminal else f"Error: {sentence}\n")
    raise typer.Exit(code)


def home_at(path: Path | None) -> Home:
    """The home folder that a command means."""
    return Home(path or Path(".appointments"))


def running_stack(path: Path | None) -> StackRecord:
    """The record of the stack that runs on this home; exits with 4 when none does."""
    home = home_at(path)
    record = home.running()
    if record is None:
        fail(f"no stack is running at {home.path} (start one with: appointments up)", EXIT_NOT_RUNNING)
    return record


def environment_for(path: Path | None) -> Mapping[str, str]:
    """INGRESS_URL, KAFKA_BOOTSTRAP_SERVERS, DATABASE_URL and so on for a command.

    A `--home` (or APPOINTMENTS_HOME) means that home's stack. Otherwise the environment's own
    KAFKA_BOOTSTRAP_SERVERS decides, and without it the stack running in the current folder.
    """
    if path is None and os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return os.environ
    return os.environ | running_stack(path).urls


def zone_of(name: str | None) -> ZoneInfo | None:
    """The zone in which times are shown; None is this machine's."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        fail(f"there is no time zone {name[:60]!r} (for example Europe/Berlin)", EXIT_USAGE)


def when(at: datetime, zone: ZoneInfo | None) -> str:
    """An instant as people read it, to the second, in the zone that they chose."""
    return f"{at.astimezone(zone):%d %b %H:%M:%S}"


def print_json(document: Any) -> None:
    """One JSON document on one line."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def print_json_lines(documents: Iterable[Any]) -> None:
    """One JSON document a line."""
    for document in documents:
        print_json(document)


def say(line: str) -> None:
    """A plain line on stdout, written at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
