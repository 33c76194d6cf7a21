"""`appointments dlq`: find dead letters by their cause, look into one, and correct, redrive or discard them."""

from pathlib import Path
from typing import Annotated

import typer

from cli import kafka
from cli.console import (
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    ZoneOption,
    examples,
    fail,
    group,
    out,
    print_json,
    print_json_lines,
    say,
    unknown,
    warn,
    zone_of,
)
from cli.dead_letters.actions import act, need, need_whole_or_new_body, operator, rate_of, whole
from cli.dead_letters.editing import complaints, edited
from cli.dead_letters.history import story
from cli.dead_letters.letter import Letter
from cli.dead_letters.options import (
    AllOption,
    CauseOption,
    DryRunOption,
    ErrorOption,
    IdArgument,
    IdOption,
    ReasonOption,
    ServiceOption,
    StageOption,
    TypeOption,
)
from cli.dead_letters.reading import letters
from cli.dead_letters.selection import Choice, chosen, groups, one
from cli.dead_letters.tables import show_groups, show_letters, show_one
from contracts.topics import WORKERS

app = group("dlq", "Find dead letters, and correct, redrive or discard them.", no_args_is_help=True)


@app.command("ls", epilog=examples("appointments dlq ls", "appointments dlq ls --service notifier --flat"))
def ls(
    home: HomeOption = None,
    service: ServiceOption = None,
    identifier: IdOption = None,
    cause: CauseOption = None,
    stage: StageOption = None,
    error: ErrorOption = None,
    kind: TypeOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List also those that were redriven or discarded.")
    ] = False,
    flat: Annotated[
        bool | None,
        typer.Option(
            "--flat/--grouped",
            help="Print a line for each dead letter, or for each cause (default in a terminal).",
        ),
    ] = None,
    zone: ZoneOption = None,
    json: JsonOption = False,
) -> None:
    """List the open dead letters: those neither redriven nor discarded.

    A terminal shows causes; a program (--json, or a pipe) gets a JSON line for each dead letter, oldest
    first.
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


@app.command("show", epilog=examples("appointments dlq show 3fa2b1c4"))
def show(
    identifier: IdArgument, home: HomeOption = None, zone: ZoneOption = None, json: JsonOption = False
) -> None:
    """Show one dead letter: its cause, its history, its headers and its body."""
    place = zone_of(zone)
    settings, known = kafka.settings_for(home), _known(home)
    found = kafka.run(story(settings, one(known, identifier), known), settings)
    if json or not out.is_terminal:
        print_json(found.document())
    else:
        show_one(found, place)


@app.command(
    "edit",
    epilog=examples(
        "appointments dlq edit 3fa2b1c4 --reason 'wrong zone' --set timezone=Europe/Berlin",
    ),
)
def edit(
    identifier: IdArgument,
    reason: ReasonOption,
    home: HomeOption = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="Replace the whole body by this file; - reads stdin."
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="K=V", help="Set a field, a.b for nested; V is JSON or text."),
    ] = None,
    headers: Annotated[
        list[str] | None, typer.Option("--header", metavar="K=V", help="Set a header; K= removes it.")
    ] = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Correct a dead letter, and redrive the corrected copy.

    Without --set, --file or --header it opens in $EDITOR. The copy must fit the contract, else nothing is
    sent (exit code 1). The dead letter itself stays in the log unchanged.
    """
    need(reason)
    letter = one(_known(home), identifier)
    need_whole_or_new_body(letter, new_body=file is not None)
    changed = edited(letter, file, sets or (), headers or ())
    if found := complaints(letter, changed):
        for problem in found:
            warn(f"{problem.field or 'the whole'}: {problem.message}")
        fail(
            f"nothing was sent: the corrected dead letter does not fit the contract in {len(found)} place(s)"
        )
    act(
        kafka.settings_for(home),
        [letter],
        lambda item: item.again(reason, operator(), changed),
        done=f"sent back, edited ({changed.what})",
        rate=1,
        dry_run=dry_run,
        json=json,
    )


@app.command(
    "redrive",
    epilog=examples(
        "appointments dlq redrive --error 'HTTP 422' --reason fixed --dry-run",
        "appointments dlq redrive --error 'HTTP 422' --reason fixed --rate 5/s",
    ),
)
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
        float,
        typer.Option("--rate", parser=rate_of, metavar="N/s", help="Send at most so many: 5/s, 30/min."),
    ] = 100.0,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Send dead letters back to their service.

    They keep their command ids, so anything already applied is not applied twice. A dead letter named by --id
    is sent even if it was redriven or discarded before. One whose record was too large to be kept whole is
    not sent.
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


@app.command("discard", epilog=examples("appointments dlq discard --id 3fa2b1c4 --reason 'a test'"))
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
    """Mark dead letters as closed, not to be tried again.

    Their service no longer counts them as open. They stay in the log.
    """
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
        fail(unknown("service with dead letters", service, WORKERS), EXIT_USAGE)
    settings = kafka.settings_for(home)
    return kafka.run(letters(settings, service), settings)
