"""`appointments logs`: the newest lines of the processes' logs, and every new one."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cli.console import EXIT_USAGE, HomeOption, fail, home_at, say, unknown, with_examples

_POLL_SECONDS = 0.2
_TAIL_BYTES = 262_144


@with_examples(
    "appointments logs booking",
    "appointments logs -f",
    "appointments logs ingress -n 100",
)
def logs(
    service: Annotated[
        str | None,
        typer.Argument(metavar="[PROCESS]", help="Show only this process, for example booking or kafka."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show new lines as they come, until Ctrl-C.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Show so many lines of each log.")] = 20,
    home: HomeOption = None,
) -> None:
    """Show the newest lines of the processes' logs.

    Without a name each line begins with its process. It works on a stopped stack, too.
    """
    folder = home_at(home).logs
    files = {file.stem: file for file in sorted(folder.glob("*.log"))}
    if not files:
        fail(f"there are no logs in {folder} (start a stack with: appointments up)")
    if service is not None:
        if service not in files:
            fail(unknown("log", service, files), EXIT_USAGE)
        files = {service: files[service]}
    width = max(map(len, files)) if service is None else 0
    for name, file in files.items():
        _print(name, last_lines(file, lines), width)
    if follow:
        _follow(files, width)


def last_lines(file: Path, count: int) -> list[str]:
    """Return the last lines of a file; none when it does not exist."""
    if count == 0 or not file.exists():
        return []
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - _TAIL_BYTES))
        return stream.read().decode(errors="replace").splitlines()[-count:]


def _print(name: str, lines: Iterable[str], width: int) -> None:
    for line in lines:
        say(f"{name:<{width}} | {line}" if width else line)


def _follow(files: dict[str, Path], width: int) -> None:
    """Print what is appended to the files, until the command is interrupted."""
    ends = {name: file.stat().st_size for name, file in files.items()}
    while True:
        for name, file in files.items():
            size = file.stat().st_size if file.exists() else 0
            ends[name] = min(ends[name], size)  # it was rotated
            if size > ends[name]:
                with file.open("rb") as stream:
                    stream.seek(ends[name])
                    complete = stream.read().rpartition(b"\n")[0]
                if complete:
                    ends[name] += len(complete) + 1
                    _print(name, complete.decode(errors="replace").splitlines(), width)
        time.sleep(_POLL_SECONDS)
