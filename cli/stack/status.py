"""`appointments status`: whether the processes of the running stack are ready."""

import sys
import time
from typing import Annotated

import typer

from cli.console import (
    EXIT_NOT_READY,
    HomeOption,
    JsonOption,
    fail,
    home_at,
    print_json,
    running_stack,
    say,
    with_examples,
)
from cli.stack.addresses import addresses
from cli.stack.states import all_ready, report_now, trouble, uptime, word_of
from deploy.local.home import StackRecord
from deploy.local.report import Report, services_of

_REFRESH_SECONDS = 1.0
_POLL_SECONDS = 0.2
_COLOURS = {"ready": "32", "starting": "36", "waiting": "2"}


@with_examples(
    "appointments status",
    "appointments status --wait --timeout 120",
    "appointments status --watch",
)
def status(
    home: HomeOption = None,
    json: JsonOption = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until every process is ready, at most for --timeout.")
    ] = False,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="Limit of --wait.")] = 90.0,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again every second.")] = False,
) -> None:
    """Show whether every process is ready, and where the stack answers.

    Each process has its pid, its lag (records that it has not yet applied), its uptime and its restarts. Exit
    codes: 0 every process is ready, 4 no stack is running, 6 a process is not ready.
    """
    if watch:
        _watch(home, json)
    record, report = _ready_in_time(home, timeout) if wait else _now(home)
    _print(record, report, json)
    late = [name for name, row in report.items() if not row["ready"]]
    if wait and late:
        fail(
            f"not ready within {timeout:g} s: {', '.join(late)} (see: appointments logs {late[0]})",
            EXIT_NOT_READY,
        )
    if not all_ready(report):
        raise typer.Exit(EXIT_NOT_READY)


def _now(home: HomeOption) -> tuple[StackRecord, Report]:
    record = running_stack(home)
    return record, report_now(record.processes)


def _ready_in_time(home: HomeOption, seconds: float) -> tuple[StackRecord, Report]:
    """Return the newest report: of the time when all was ready, or when the time was over.

    A stack that begins to start within the time counts as one that runs.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        record = home_at(home).running()
        if record is not None and record.phase in ("ready", "slow"):
            report = report_now(record.processes)
            if all_ready(report):
                return record, report
        time.sleep(_POLL_SECONDS)
    return _now(home)


def _watch(home: HomeOption, json: bool) -> None:
    from rich.live import Live

    from cli.console import out
    from cli.stack.board import board

    if json or not out.is_terminal:
        while True:
            _print(*_now(home), json)
            time.sleep(_REFRESH_SECONDS)
    shown = None
    try:
        with Live(console=out, auto_refresh=False, screen=True) as live:
            while True:
                shown = board(_now(home)[1])
                live.update(shown, refresh=True)
                time.sleep(_REFRESH_SECONDS)
    finally:
        if shown is not None:
            out.print(shown)  # the last one stays on the terminal


def _print(record: StackRecord, report: Report, json: bool) -> None:
    if json:
        services = services_of(report)
        others = {name: row for name, row in report.items() if name not in services}
        print_json(
            {"services": services, "infrastructure": others, "addresses": dict(addresses(record.urls))}
        )
        return
    width = max(map(len, report), default=0)
    for name, row in report.items():
        facts = [f"pid {row['pid'] or '–'}"]
        facts += [f"lag {row['lag']:,}"] if row.get("lag") is not None else []
        facts += [f"up {uptime(row)}"] if uptime(row) else []
        facts += [f"restarts {row['restarts']}"] if row["restarts"] else []
        say(f"{name:<{width}}  {_coloured(word_of(row))}  {'   '.join(facts)}")
        if trouble(row):
            say(f"{'':<{width}}  {trouble(row)}")
    say("")
    for name, value in addresses(record.urls):
        say(f"{name:<{max(width, 10)}}  {value}")


def _coloured(word: str) -> str:
    padded = f"{word:<10}"
    return f"\033[{_COLOURS.get(word, '31')}m{padded}\033[0m" if sys.stdout.isatty() else padded
