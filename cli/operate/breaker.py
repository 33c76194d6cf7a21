"""`appointments breaker`: the state of the circuit breaker between the notifier and the Communication Service."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from cli.console import (
    EXIT_FAILED,
    EXIT_NOT_READY,
    HomeOption,
    JsonOption,
    ZoneOption,
    fail,
    out,
    print_json,
    running_stack,
    say,
    when,
    with_examples,
    zone_of,
)

_ANSWER_WITHIN = 5.0  # seconds
_STATES = {
    "closed": "closed: calls go out",
    "open": "open: no calls go out",
    "half_open": "half-open: one call tests the service",
}
_COLOURS = {"closed": "green", "open": "red", "half_open": "yellow"}


@with_examples("appointments breaker", "appointments breaker --url http://10.0.3.7:8102 --json")
def breaker(
    home: HomeOption = None,
    urls: Annotated[
        list[str] | None,
        typer.Option(
            "--url", help="Ask the notifier at this address (default: the local stack's); may be repeated."
        ),
    ] = None,
    zone: ZoneOption = None,
    json: JsonOption = False,
) -> None:
    """Show the circuit breaker of each notifier.

    State, since when, failures in a row, the next probe, the reason, and the number of waiting deliveries. Exit codes: 0
    all are closed, 1 one is not, 6 a notifier does not answer.
    """
    place = zone_of(zone)
    addresses = [_health(url) for url in urls] if urls else _local(home)
    reports = asyncio.run(_ask_all(addresses))
    for report in reports:
        if json or not out.is_terminal:
            print_json(report)
        else:
            _show(report, place)
    states = [report.get("state") for report in reports]
    if None in states:
        raise typer.Exit(EXIT_NOT_READY)
    if any(state != "closed" for state in states):
        raise typer.Exit(EXIT_FAILED)


def _health(url: str) -> str:
    """Return the address of the health document, from that or from the process's own."""
    whole = url if "://" in url else f"http://{url}"
    return whole if whole.endswith("/health") else whole.rstrip("/") + "/health"


def _local(home: HomeOption) -> list[str]:
    processes = running_stack(home).processes
    found = [one.health_url for one in processes if one.name.startswith("notifier") and one.health_url]
    return found or fail("the stack has no notifier", EXIT_NOT_READY)


async def _ask_all(urls: list[str]) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_WITHIN) as client:
        return list(await asyncio.gather(*(_ask(client, url) for url in urls)))


async def _ask(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """Return the state of a process's breaker; `state` None and an `error` when it gives none."""
    try:
        document = (await client.get(url)).json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return {"url": url, "state": None, "error": f"no answer ({type(error).__name__})"}
    state = document.get("breaker") if isinstance(document, dict) else None
    if not isinstance(state, dict) or state.get("state") not in _STATES:
        return {"url": url, "state": None, "error": "its health names no breaker: is it a notifier?"}
    reasons = document.get("reasons") or {}
    return {"url": url, **state, "reason": state.get("reason") or reasons.get("communication")}


def _show(report: dict[str, Any], place: ZoneInfo | None) -> None:
    state = report.get("state")
    if state is None:
        say(f"{report['url']}: {report['error']}")
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("[dim]notifier[/]", escape(report["url"]))
    table.add_row("[dim]breaker[/]", f"[{_COLOURS[state]}]{_STATES[state]}[/]")
    table.add_row("[dim]since[/]", when(datetime.fromisoformat(report["since"]), place))
    table.add_row("[dim]failures[/]", f"{report['failures']} in a row; it opens at {report['threshold']}")
    if report["next_probe_in"] is not None:
        table.add_row("[dim]next probe[/]", f"in {report['next_probe_in']:.0f} s")
    if report["reason"]:
        table.add_row("[dim]because[/]", escape(str(report["reason"])))
    table.add_row("[dim]waiting[/]", f"{report['waiting_deliveries']:,} deliveries")
    out.print(table)
