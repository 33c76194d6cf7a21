"""`appointments people`: who exists in the sandbox Identity Service."""

from typing import Any

from rich.table import Table

from cli.console import EXIT_NOT_READY, HomeOption, JsonOption, fail, out, print_json, running_stack, say
from cli.stack.sandbox import ask_identity

_COLUMNS = ("id", "name", "email", "organization_id", "timezone", "locale", "roles")
_LOAD_PREFIX = "load"


def people(home: HomeOption = None, json: JsonOption = False) -> None:
    """List the sandbox's people; a terminal leaves out the 1,000 that exist for load."""
    everybody = fetch_people(running_stack(home).urls["IDENTITY_URL"])
    if json:
        print_json(everybody)
    elif out.is_terminal:
        _show(everybody)
    else:
        for person in everybody:
            say("\t".join(_cell(person[column]) for column in _COLUMNS))


def fetch_people(identity_url: str) -> list[dict[str, Any]]:
    """Everybody whom the sandbox Identity Service at this address knows."""
    answer = ask_identity(identity_url, "GET", "/sandbox/people")
    if answer.is_error:
        fail(f"the Identity Service refused to list people ({answer.status_code})", EXIT_NOT_READY)
    listed: list[dict[str, Any]] = answer.json()
    return listed


def _show(everybody: list[dict[str, Any]]) -> None:
    named = [person for person in everybody if not person["email"].startswith(_LOAD_PREFIX)]
    table = Table(*_COLUMNS, box=None, header_style="bold")
    for person in named:
        table.add_row(*(_cell(person[column]) for column in _COLUMNS))
    out.print(table)
    if len(named) < len(everybody):
        out.print(f"[dim]and {len(everybody) - len(named):,} more for load: appointments people --json[/]")


def _cell(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
