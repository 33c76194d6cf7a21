"""`appointments dlq`: find dead letters by their cause, understand one, and correct, send back or discard them."""

from pathlib import Path
from typing import Annotated

import typer

from cli import kafka
from cli.console import (
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    ZoneOption,
    err,
    fail,
    out,
    print_json,
    print_json_lines,
    say,
    zone_of,
)
from cli.dead_letters.actions import act, need, need_whole_or_new_body, operator, rate_of, whole
from cli.dead_letters.editing import complaints, edited
from cli.dead_letters.history import story
from cli.dead_letters.letter import Letter, letters
from cli.dead_letters.selection import Choice, chosen, groups, one
from cli.dead_letters.tables import show_groups, show_letters, show_one
from contracts.topics import WORKERS

app = typer.Typer(
    name="dlq",
    help="Records that a service set aside: find them by cause, understand one, correct it, send it back, discard it.",
    no_args_is_help=True,
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The letter's id; its start is enough.")]
ServiceOption = Annotated[str | None, typer.Option("--service", help="Only those of this service.")]
IdOption = Annotated[
    str | None, typer.Option("--id", help="Only the letter with this id (its start is enough) or command id.")
]
CauseOption = Annotated[str | None, typer.Option("--cause", help="Only where the cause contains this text.")]
StageOption = Annotated[str | None, typer.Option("--stage", help="Only fetch, decode, handle or deliver.")]
ErrorOption = Annotated[str | None, typer.Option("--error", help="Only this error, as ls names it.")]
TypeOption = Annotated[str | None, typer.Option("--type", help="Only messages of this type.")]
AllOption = Annotated[bool, typer.Option("--all", help="All that nobody has redriven or discarded.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the letter, and in its history.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command("ls")
def ls(
    home: HomeOption = None,
    service: ServiceOption = None,
    identifier: IdOption = None,
    cause: CauseOption = None,
    stage: StageOption = None,
    error: ErrorOption = None,
    kind: TypeOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Those redriven or discarded, too.")] = False,
    flat: Annotated[
        bool | None, typer.Option("--flat/--grouped", help="Single letters, or a line for each cause.")
    ] = None,
    zone: ZoneOption = None,
    json: JsonOption = False,
) -> None:
    """List dead letters that nobody has redriven or discarded.

    A terminal shows causes, a program (--json, or a pipe) gets a JSON line for each letter, oldest first.
    """
    place = zone_of(zone)
    found = Choice(service, identifier, cause, stage, error, kind, everything).of(_known(home, service))
    programs = json or not out.is_terminal
    single = programs if flat is None else flat
    if programs:
        print_json_lines(item.document() for item in (found if single else groups(found)))
    elif not found:
        say("no dead letters" + ("" if everything else " (redriven and discarded ones: --all)"))
    elif single:
        show_letters(found, place)
    else:
        show_groups(groups(found), place)


@app.command("show")
def show(
    identifier: IdArgument, home: HomeOption = None, zone: ZoneOption = None, json: JsonOption = False
) -> None:
    """Show one dead letter: why it was set aside, what was tried and what came of it, its headers and its body."""
    place = zone_of(zone)
    settings, known = kafka.settings_for(home), _known(home)
    told = kafka.run(story(settings, one(known, identifier), known), settings)
    if json or not out.is_terminal:
        print_json(told.document())
    else:
        show_one(told, place)


@app.command("edit")
def edit(
    identifier: IdArgument,
    reason: ReasonOption,
    home: HomeOption = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="The whole body; - reads stdin.")] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="K=V", help="A field, a.b for nested; V is JSON or text."),
    ] = None,
    headers: Annotated[
        list[str] | None, typer.Option("--header", metavar="K=V", help="A header; K= takes it away.")
    ] = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Correct a dead letter and send the corrected copy back. Without --set, --file or --header: in $EDITOR.

    The copy must fit the contract, or nothing is sent (exit code 1). The letter itself stays in the log as it is.
    """
    need(reason)
    letter = one(_known(home), identifier)
    need_whole_or_new_body(letter, new_body=file is not None)
    changed = edited(letter, file, sets or (), headers or ())
    if found := complaints(letter, changed):
        for problem in found:
            err.file.write(f"{problem.field or 'the whole'}: {problem.message}\n")
        fail(f"nothing was sent: the corrected letter does not fit the contract in {len(found)} place(s)")
    act(
        kafka.settings_for(home),
        [letter],
        lambda item: item.again(reason, operator(), changed),
        done=f"sent back, edited ({changed.what})",
        rate=1,
        dry_run=dry_run,
        json=json,
    )


@app.command("redrive")
def redrive(
    reason: ReasonOption,
    home: HomeOption = None,
    service: ServiceOption = None,
    identifier: IdOption = None,
    cause: CauseOption = None,
    stage: StageOption = None,
    error: ErrorOption = None,
    kind: TypeOption = None,
    everything: AllOption = False,
    rate: Annotated[
        float, typer.Option("--rate", parser=rate_of, metavar="N/s", help="At most so many: 5/s, 30/min.")
    ] = 100.0,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Send dead letters back to their service, under the same command ids: what took effect once does not again.

    A letter named by --id is sent back although it was before, or was discarded. One whose record was too large to be
    kept whole is not sent back.
    """
    need(reason)
    meant = whole(
        chosen(Choice(service, identifier, cause, stage, error, kind), everything, _known(home, service))
    )
    act(
        kafka.settings_for(home),
        meant,
        lambda letter: letter.again(reason, operator()),
        done="sent back",
        rate=rate,
        dry_run=dry_run,
        json=json,
    )


@app.command("discard")
def discard(
    reason: ReasonOption,
    home: HomeOption = None,
    service: ServiceOption = None,
    identifier: IdOption = None,
    cause: CauseOption = None,
    stage: StageOption = None,
    error: ErrorOption = None,
    kind: TypeOption = None,
    everything: AllOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Note that dead letters need not be tried again; their service no longer counts them as open. They stay in the log."""
    need(reason)
    meant = chosen(Choice(service, identifier, cause, stage, error, kind), everything, _known(home, service))
    act(
        kafka.settings_for(home),
        meant,
        lambda letter: letter.discarded(reason, operator()),
        done="discarded",
        rate=1_000,
        dry_run=dry_run,
        json=json,
    )


def _known(home: Path | None, service: str | None = None) -> list[Letter]:
    if service is not None and service not in WORKERS:
        fail(f"no service called {service!r} has dead letters (there are: {', '.join(WORKERS)})", EXIT_USAGE)
    settings = kafka.settings_for(home)
    return kafka.run(letters(settings, service), settings)
