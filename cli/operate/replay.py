"""`appointments replay`: rebuild the projector's views from the log, beside the live ones."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from chassis.database.transactions import DatabaseError
from chassis.reasons import explain
from cli import kafka
from cli.console import (
    EXIT_ALREADY_RUNNING,
    EXIT_NOT_READY,
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    fail,
    out,
    print_json,
    unknown,
    with_examples,
)
from services.projector.rebuild.refill import Progress
from services.projector.rebuild.run import VIEWS, NothingToResume, RebuildRunning, Refused, Result, rebuild

EXIT_REFUSED = 7
_LINE_SECONDS = 1.0

Report = Callable[[Progress], None]


@with_examples("appointments replay all", "appointments replay all --resume")
def replay(
    view: Annotated[
        str, typer.Argument(metavar="[VIEW]", help=f"Rebuild this view: {', '.join(VIEWS)}.")
    ] = "all",
    home: HomeOption = None,
    json: JsonOption = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted rebuild.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Swap even if the log has less than the live view.")
    ] = False,
) -> None:
    """Rebuild views from the log, and swap them with the live ones.

    The new view is checked first; the live one is served meanwhile, and no notification is sent. Exit codes: 0 swapped, 2 no such view or
    nothing to resume, 3 another rebuild runs, 6 Kafka or PostgreSQL do not answer, 7 checked and not swapped.
    """
    if view not in VIEWS:
        fail(unknown("view", view, VIEWS), EXIT_USAGE)
    settings = kafka.settings_for(home)
    kafka.name_target(settings, kafka=False, service="projector")
    lines = json or not out.is_terminal
    try:
        with _lines() if lines else _bar() as report:
            result = asyncio.run(rebuild(settings, view, report=report, resume=resume, force=force))
    except RebuildRunning as error:
        fail(str(error), EXIT_ALREADY_RUNNING)
    except NothingToResume as error:
        fail(str(error), EXIT_USAGE)
    except Refused as error:
        fail(f"not swapped, the live view is as it was: {error}", EXIT_REFUSED)
    except (KafkaError, *DatabaseError, OSError) as error:
        reason = explain(error, settings, "kafka" if isinstance(error, KafkaError) else "postgres")
        fail(f"interrupted, the live view is as it was (go on with --resume): {reason}", EXIT_NOT_READY)
    if lines:
        print_json({"phase": "swapped", **asdict(result), "notes": notes(result)})
    else:
        _show(result)


def notes(result: Result) -> list[str]:
    """Return remarks about a rebuild beyond its figures."""
    remarks = []
    if result.view in ("all", "commands"):
        remarks.append(
            "the log keeps outcomes for 7 days: older ones cannot be rebuilt and were kept from the live view"
        )
    if result.skipped:
        remarks.append(
            f"{result.skipped:,} records cannot be shown; see: appointments dlq ls --service projector"
        )
    return remarks


@contextmanager
def _bar() -> Iterator[Report]:
    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=out) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda at: bar.update(task, description=at.phase, completed=at.done, total=at.total)


@contextmanager
def _lines() -> Iterator[Report]:
    """Print a line of JSON for each phase and each second."""
    phase, printed_at = "", 0.0

    def report(at: Progress) -> None:
        nonlocal phase, printed_at
        now = time.monotonic()
        if at.phase != phase or now - printed_at >= _LINE_SECONDS:
            print_json(asdict(at))
            phase, printed_at = at.phase, now

    yield report


def _show(result: Result) -> None:
    rate = result.records / result.seconds if result.seconds else 0.0
    out.print(
        f"swapped {result.view}: {result.records:,} records in {result.seconds:.1f} s ({rate:,.0f}/s); "
        f"the live consumers waited {result.swap_seconds * 1000:.0f} ms"
    )
    for name, rows in result.rows.items():
        out.print(f"  {name:<22}{rows:>12,} rows")
    if result.carried:
        out.print(f"  {result.carried:,} outcomes were kept from the live view")
    for note in notes(result):
        out.print(f"[dim]{note}[/]")
