"""Shared by all commands: the home option, exit codes, output for people and for programs, errors as one
sentence.

Nothing heavy is imported here: `rich` only by a command that draws with `out` or `err`.
"""

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from deploy.local.home import Home, StackRecord

if TYPE_CHECKING:
    from rich.console import Console

    out: Console
    err: Console

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_ALREADY_RUNNING = 3
EXIT_NOT_RUNNING = 4
EXIT_PORTS_TAKEN = 5
EXIT_NOT_READY = 6

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Use the local stack in this folder (default: APPOINTMENTS_HOME, or .appointments here).",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ZoneOption = Annotated[
    str | None, typer.Option("--zone", help="Show times in this zone (default: this machine's).")
]
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
Function = TypeVar("Function", bound=Callable[..., Any])
_EXAMPLE_COLUMNS = 51
_EPILOGS: dict[Callable[..., Any], str] = {}


def __getattr__(name: str) -> Any:
    """Make the terminals `out` and `err` when a command first imports them."""
    if name not in ("out", "err"):
        raise AttributeError(name)
    from rich.console import Console

    globals()[name] = Console(stderr=name == "err", highlight=False)
    return globals()[name]


def examples(*lines: str) -> str:
    """Return the text below a command's help: one example a line."""
    return "\b\n" + "\n".join(("Examples:", *("  " + _broken(line) for line in lines)))


def _broken(example: str) -> str:
    """Break a long example between its words, as a shell reads it, for narrow terminals."""
    shown = [""]
    for word in re.findall(r"""(?:'[^']*'|"[^"]*"|\S)+""", example):
        if shown[-1] and len(shown[-1]) + len(word) > _EXAMPLE_COLUMNS:
            shown.append("   ")
        shown[-1] += f" {word}" if shown[-1] else word
    return " \\\n  ".join(shown)


def with_examples(*lines: str) -> Callable[[Function], Function]:
    """Give a command of `appointments` the examples of its help."""

    def decorate(function: Function) -> Function:
        _EPILOGS[function] = examples(*lines)
        return function

    return decorate


def epilog_of(function: Callable[..., Any]) -> str | None:
    """Return the text below a command's help."""
    return _EPILOGS.get(function)


def group(name: str, help_text: str, **settings: Any) -> typer.Typer:
    """Return a group of subcommands, of the same make as `appointments` itself."""
    return typer.Typer(
        name=name,
        help=help_text,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=CONTEXT,
        **settings,
    )


def fail(sentence: str, code: int = EXIT_FAILED) -> NoReturn:
    """Print one sentence on stderr, and exit with `code`."""
    if sys.stderr.isatty():
        sys.stderr.write(
            _wrapped(f"Error: {sentence}").replace("Error:", "\033[1;31mError:\033[0m", 1) + "\n"
        )
    else:
        sys.stderr.write(f"Error: {sentence}\n")
    raise typer.Exit(code)


def warn(sentence: str) -> None:
    """Print a sentence on stderr."""
    sys.stderr.write((_wrapped(sentence) if sys.stderr.isatty() else sentence) + "\n")


def _wrapped(text: str, hang: int = 0) -> str:
    """Break lines between words, at the terminal's width; ids and addresses stay whole.

    Lines after a break are indented by `hang` columns.
    """
    width = shutil.get_terminal_size().columns
    lines = (
        textwrap.wrap(
            line,
            width,
            subsequent_indent=" " * hang,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
        )
        for line in text.splitlines()
    )
    return "\n".join("\n".join(wrapped) for wrapped in lines)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ", did you mean …?" with the nearest known word, or nothing when none is near."""
    near = get_close_matches(word.lower(), list(known), n=1, cutoff=0.55)
    return f", did you mean {near[0]}?" if near else ""


def unknown(thing: str, word: str, known: Iterable[str]) -> str:
    """Return the sentence for a word that is not one of the known ones: the nearest, else all of them."""
    names = list(known)
    near = did_you_mean(word, names)
    return f"there is no {thing} {word[:60]!r}" + (near or f" (there are: {', '.join(names)})")


def home_at(path: Path | None) -> Home:
    """Return the home folder of a command: --home, else APPOINTMENTS_HOME, else .appointments here."""
    return Home(path or Path(os.environ.get("APPOINTMENTS_HOME") or ".appointments"))


def running_stack(path: Path | None) -> StackRecord:
    """Return the record of the stack that runs on this home; exit with 4 when none does."""
    home = home_at(path)
    record = home.running()
    if record is None:
        fail(f"no stack is running at {home.path} (start one with: appointments up)", EXIT_NOT_RUNNING)
    return record


def environment_for(path: Path | None) -> Mapping[str, str]:
    """Return INGRESS_URL, KAFKA_BOOTSTRAP_SERVERS, DATABASE_URL and so on for a command.

    `--home` decides; else the environment's own KAFKA_BOOTSTRAP_SERVERS, also over APPOINTMENTS_HOME; else
    the stack of APPOINTMENTS_HOME or of the current folder. Where the variable names that very stack, the
    stack completes the rest.
    """
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if path is not None or not servers:
        return os.environ | running_stack(path).urls
    record = home_at(None).running()
    if record is not None and record.urls["KAFKA_BOOTSTRAP_SERVERS"] == servers:
        return record.urls | os.environ
    return os.environ


def zone_of(name: str | None) -> ZoneInfo | None:
    """Return the zone in which times are shown; None is this machine's."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        fail(f"there is no time zone {name[:60]!r} (for example Europe/Berlin)", EXIT_USAGE)


def duration(seconds: int) -> str:
    """Return a duration to its largest unit, for example 3 h."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def zone_name(zone: ZoneInfo | None) -> str:
    """Return the name of the zone in which times are shown."""
    return zone.key if zone else f"{datetime.now().astimezone().tzname()} (this machine's zone)"


def when(at: datetime, zone: ZoneInfo | None) -> str:
    """Return an instant for people, to the second, in the zone that they chose."""
    return f"{at.astimezone(zone):%d %b %H:%M:%S}"


def print_json(document: Any) -> None:
    """Print one JSON document on one line."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def print_json_lines(documents: Iterable[Any]) -> None:
    """Print one JSON document a line."""
    for document in documents:
        print_json(document)


def say(line: str, hang: int | None = None) -> None:
    """Print a plain line on stdout at once.

    With `hang`, a terminal that is too narrow gets it broken between words, and the rest indented by so many
    columns.
    """
    if hang is not None and sys.stdout.isatty():
        line = _wrapped(line, hang)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
