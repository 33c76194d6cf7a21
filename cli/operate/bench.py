"""`appointments bench`: measure the fleet, write one JSON file, print one table."""

import asyncio
import os
from datetime import UTC
from importlib import import_module
from typing import Annotated, Any

import typer

from chassis.clock import now
from cli.console import EXIT_FAILED, EXIT_USAGE, fail, out, print_json, say, unknown, warn, with_examples
from contracts.envelope import rfc3339

SUITES = ("booking", "reminders", "notifier", "projector", "slots", "series", "http", "outage")


@with_examples("appointments bench", "appointments bench booking http --quick")
def bench(
    suites: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SUITE]...", help=f"Run only these of {', '.join(SUITES)} (default: all)."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Run shortly, to see that it works; the figures mean nothing.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON instead of the table.")
    ] = False,
) -> None:
    """Measure the fleet, and compare with what it must reach.

    It starts servers of its own unless KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL name others. Exit code 1: a figure is
    worse than its limit.
    """
    for name in suites or ():
        if name not in SUITES:
            fail(unknown("suite", name, SUITES), EXIT_USAGE)
    report = asyncio.run(_measure(suites or list(SUITES), quick))
    _show(report, json)


async def _measure(suites: list[str], quick: bool) -> dict[str, Any]:
    """Run one suite after the other, each in a world of its own; a failure of one does not cost the others."""
    from benchmarks.world import forget, machine, surroundings

    results: dict[str, Any] = {}
    async with surroundings(os.environ, quick=quick) as base:
        for name in suites:
            warn(f"measuring {name} …")
            world = base.fresh()
            try:
                results[name] = await import_module(f"benchmarks.{name}").run(world)
            except Exception as error:
                results[name] = {"error": f"{type(error).__name__}: {error}"}
            finally:
                await forget(world)
    return {"at": rfc3339(now().astimezone(UTC)), "quick": quick, "machine": machine(), "suites": results}


def _show(report: dict[str, Any], json: bool) -> None:
    from benchmarks.report import RESULTS, missed, table, write

    write(report)
    if json:
        print_json(report)
    else:
        out.print(table(report["suites"]))
        say(f"\n{RESULTS}")
    sentences = missed(report["suites"])
    if sentences:
        fail("; ".join(sentences), EXIT_FAILED)
