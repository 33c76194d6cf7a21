"""`appointments status`: how the processes of the running stack are doing."""

import asyncio
from typing import Annotated

import httpx
import typer
from rich.live import Live

from cli.console import HomeOption, JsonOption, out, print_json, running_stack, say
from cli.stack.board import board, plain_line
from deploy.local.report import Report, ask_all, services_of

_REFRESH_SECONDS = 1.0


def status(
    home: HomeOption = None,
    json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again every second.")] = False,
) -> None:
    """Show every process: pid, ready or not, lag (records not yet applied), restarts, and what is wrong."""
    asyncio.run(_watch(home, json) if watch else _once(home, json))


async def _once(home: HomeOption, json: bool) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        _print(await ask_all(running_stack(home).processes, client), json)


async def _watch(home: HomeOption, json: bool) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        if json or not out.is_terminal:
            while True:
                _print(await ask_all(running_stack(home).processes, client), json)
                await asyncio.sleep(_REFRESH_SECONDS)
        with Live(console=out, auto_refresh=False, screen=True) as live:
            while True:
                live.update(board(await ask_all(running_stack(home).processes, client)), refresh=True)
                await asyncio.sleep(_REFRESH_SECONDS)


def _print(report: Report, json: bool) -> None:
    if json:
        services = services_of(report)
        others = {name: row for name, row in report.items() if name not in services}
        print_json({"services": services, "infrastructure": others})
    elif out.is_terminal:
        out.print(board(report))
    else:
        for name, row in report.items():
            say(plain_line(name, row))
