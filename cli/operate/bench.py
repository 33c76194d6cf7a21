"""`appointments bench`: measure, write one JSON file, print one table."""

import asyncio
import os
from datetime import UTC
from importlib import import_module
from typing import Annotated, Any

import typer

from chassis.clock import now
from cli.console import EXIT_FAILED, EXIT_USAGE, err, fail, out, print_json, say
from contracts.envelope import rfc3339

SUITES = ("booking", "reminders", "notifier", "projector", "slots", "series", "http", "outage")


def bench(
    suites: Annotated[
        list[str] | None, typer.Argument(help=f"Which: {', '.join(SUITES)}; all if none.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Short runs: whether it works, not how fast.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The report instead of the table.")] = False,
) -> None:
    """Measure the fleet on servers of its own, or on those of KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL.

    Exit code 1 when a figure is not what it must be.
    """
    unknown = [name for name in suites or () if name not in SUITES]
    if unknown:
        fail(f"there is no suite {unknown[0]!r} (there are: {', '.join(SUITES)})", EXIT_USAGE)
    report = asyncio.run(_measure(suites or list(SUITES), quick))
    _tell(report, json)


async def _measure(suites: list[str], quick: bool) -> dict[str, Any]:
    """One suite after the other, each in a world of its own; one that fails does not cost the others."""
    from benchmarks.world import forget, machine, surroundings

    results: dict[str, Any] = {}
    async with surroundings(os.environ, quick=quick) as base:
        for name in suites:
            err.file.write(f"measuring {name} …\n")
            world = base.fresh()
            try:
                results[name] = await import_module(f"benchmarks.{name}").run(world)
            except Exception as error:
                results[name] = {"error": f"{type(error).__name__}: {error}"}
            finally:
                await forget(world)
    return {"at": rfc3339(now().astimezone(UTC)), "quick": quick, "machine": machine(), "suites": results}


def _tell(report: dict[str, Any], json: bool) -> None:
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
