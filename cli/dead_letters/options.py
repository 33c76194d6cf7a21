"""Options that several commands of `appointments dlq` share."""

from typing import Annotated

import typer

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The dead letter's id; its beginning is enough.")
]
ServiceOption = Annotated[
    str | None, typer.Option("--service", metavar="SERVICE", help="Take only those of this service.")
]
IdOption = Annotated[
    str | None,
    typer.Option(
        "--id", metavar="ID", help="Take only the one with this id (its beginning is enough) or command id."
    ),
]
CauseOption = Annotated[
    str | None,
    typer.Option("--cause", metavar="TEXT", help="Take only those whose cause contains this text."),
]
StageOption = Annotated[
    str | None,
    typer.Option(
        "--stage", metavar="STAGE", help="Take only those of this stage: fetch, decode, handle or deliver."
    ),
]
ErrorOption = Annotated[
    str | None,
    typer.Option("--error", metavar="ERROR", help="Take only those with this error, as ls names it."),
]
TypeOption = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Take only messages of this type.")
]
AllOption = Annotated[
    bool, typer.Option("--all", help="Take all that are open, neither redriven nor discarded.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Keep this reason in the dead letter's history.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")]
