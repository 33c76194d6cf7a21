"""`appointments dlq`: look at dead letters, and try them again."""

import asyncio
import getpass
import json as jsonlib
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from chassis.settings import Settings
from cli import kafka
from cli.console import EXIT_USAGE, HomeOption, JsonOption, fail, out, print_json, print_json_lines, say
from cli.letters import Letter, letters
from contracts.topics import WORKERS

app = typer.Typer(
    name="dlq", help="Records that a service set aside: look at them, try them again.", no_args_is_help=True
)

ServiceOption = Annotated[str | None, typer.Option("--service", help="Only those of this service.")]
IdOption = Annotated[
    str | None, typer.Option("--id", help="Only the letter with this id, or of this command id.")
]
CauseOption = Annotated[str | None, typer.Option("--cause", help="Only where the cause contains this text.")]


@app.command("ls")
def ls(
    home: HomeOption = None,
    service: ServiceOption = None,
    identifier: IdOption = None,
    cause: CauseOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that were tried again, too.")] = False,
    json: JsonOption = False,
) -> None:
    """List dead letters that nobody has tried again, oldest first."""
    settings = kafka.settings_for(home)
    found = _found(settings, service, identifier, cause, everything)
    if json or not out.is_terminal:
        print_json_lines(letter.document() for letter in found)
    elif found:
        _show_all(found)
    else:
        say("no dead letters")


@app.command("show")
def show(
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show one dead letter: its story, its headers, its value."""
    settings = kafka.settings_for(home)
    for letter in _found(settings, None, identifier, None, True):
        document = letter.document() | {
            "headers": {name: kafka.text(value) for name, value in letter.original_headers},
            "value": kafka.text(letter.record.value, 100_000),
        }
        if json or not out.is_terminal:
            print_json(document)
        else:
            _show_one(document)
        return
    fail(f"there is no dead letter {identifier}")


@app.command("redrive")
def redrive(
    reason: Annotated[str, typer.Option("--reason", help="Why now; kept with the record.")],
    home: HomeOption = None,
    service: ServiceOption = None,
    identifier: IdOption = None,
    cause: CauseOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All that nobody has tried again.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, help="At most so many a second.")] = 100.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be tried again.")] = False,
    json: JsonOption = False,
) -> None:
    """Send dead letters back to their service, under the same command ids: what took effect once does not again.

    A letter named by --id is tried again although it was before.
    """
    if sum(map(bool, (identifier, cause, everything))) != 1:
        fail("say which: one of --id ID, --cause TEXT, --all", EXIT_USAGE)
    settings = kafka.settings_for(home)
    chosen = _found(settings, service, identifier, cause, identifier is not None)
    if identifier and not chosen:
        fail(f"there is no dead letter {identifier}")
    if not dry_run:
        kafka.run(_send(settings, chosen, reason, rate), settings)
    if json or not out.is_terminal:
        print_json_lines(letter.document() | {"dry_run": dry_run} for letter in chosen)
    else:
        for letter in chosen:
            say(f"{'would redrive' if dry_run else 'redriven'} {letter.id} to {letter.service}.redrive")
        say(f"{len(chosen)} dead letters{' would be' if dry_run else ''} sent back")


async def _send(settings: Settings, chosen: list[Letter], reason: str, rate: float) -> None:
    async with kafka.publisher(settings) as producer:
        for number, letter in enumerate(chosen):
            if number:
                await asyncio.sleep(1 / rate)
            await producer.publish([letter.again(reason, getpass.getuser())])


def _found(
    settings: Settings, service: str | None, identifier: str | None, cause: str | None, everything: bool
) -> list[Letter]:
    if service is not None and service not in WORKERS:
        fail(f"no service called {service!r} has dead letters (there are: {', '.join(WORKERS)})", EXIT_USAGE)
    return [
        letter
        for letter in kafka.run(letters(settings, service), settings)
        if (identifier is None or identifier in (letter.id, letter.document()["ce_id"]))
        and (cause is None or cause.lower() in letter.cause.lower())
        and (everything or not letter.redriven)
    ]


def _show_all(found: list[Letter]) -> None:
    table = Table(
        "id", "service", "from", "type", "cause", "set aside", "tried", box=None, header_style="bold"
    )
    for letter in found:
        document = letter.document()
        place = f"{document.get('topic')}/{document.get('partition')}/{document.get('offset')}"
        last = str(document.get("last_failure") or "")[:19].replace("T", " ")
        table.add_row(
            letter.id,
            letter.service,
            escape(place),
            escape(document["type"] or "?"),
            escape(letter.cause[:120]),
            last,
            str(len(letter.redriven) or ""),
        )
    out.print(table)
    out.print("[dim]one in full: appointments dlq show ID[/]")


def _show_one(document: dict[str, object]) -> None:
    table = Table.grid(padding=(0, 2))
    for name, value in document.items():
        shown = (
            jsonlib.dumps(value, indent=1, ensure_ascii=False)
            if isinstance(value, dict | list)
            else str(value)
        )
        table.add_row(f"[dim]{name}[/]", escape(shown))
    out.print(table)
