"""The progress and the result of an import on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cli.console import EXIT_FAILED, err, out, print_json, say
from cli.transfer.files import Source
from cli.transfer.tally import Report, Tally

EXIT_INTERRUPTED = 130


@contextmanager
def progress(source: Source, tally: Tally) -> Iterator["ImportBar"]:
    """Show a bar on stderr of a terminal; call the yielded object to update it."""
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        yield ImportBar(bar, source, tally)


class ImportBar:
    """The progress by the bytes that were read."""

    def __init__(self, bar: Progress, source: Source, tally: Tally) -> None:
        self._bar, self._source, self._tally = bar, source, tally
        self._task = bar.add_task("", total=source.size)

    def __call__(self) -> None:
        """Update it."""
        if not self._bar.disable:
            words = f"{self._tally.booked:,} booked, {self._tally.refused + self._tally.unsendable:,} refused"
            self._bar.update(self._task, completed=self._source.read_bytes(), description=words)


def conclude(tally: Tally, report: Report, *, dry_run: bool, json: bool) -> None:
    """Print the result, and exit with its code."""
    if json or not out.is_terminal:
        print_json({"dry_run": dry_run, **tally.document()})
    else:
        say(_sentence(tally, dry_run))
    for problem in report.shown:
        err.print(
            f"[bold]{escape(problem.place)}[/]  {escape(problem.code)}: {escape(problem.detail)}",
            soft_wrap=True,
        )
    beyond = tally.refused + tally.unsendable + tally.undecided + tally.notes - len(report.shown)
    if beyond > 0:
        err.print(f"and {beyond:,} more{'' if report.path else ' (--report FILE has all)'}")
    if tally.interrupted:
        err.print("interrupted; run the same command to continue")
        raise typer.Exit(EXIT_INTERRUPTED)
    if not tally.complete:
        raise typer.Exit(EXIT_FAILED)


def _sentence(tally: Tally, dry_run: bool) -> str:
    parts = [
        f"{tally.booked:,} {'would be sent' if dry_run else 'booked'}",
        *([f"{tally.existing:,} existed already"] if tally.existing else []),
        *([f"{tally.refused:,} refused"] if tally.refused else []),
        *([f"{tally.unsendable:,} cannot be sent"] if tally.unsendable else []),
        *([f"{tally.skipped:,} skipped"] if tally.skipped else []),
        *([f"{tally.undecided:,} without an outcome"] if tally.undecided else []),
    ]
    return f"{tally.read:,} read: {', '.join(parts)}"
