"""`appointments trace`: the whole story of an appointment, from the log."""

import asyncio
from typing import Annotated
from uuid import UUID, uuid5

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from chassis.configuration.settings import Settings
from cli import describe, kafka
from cli.console import (
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    ZoneOption,
    err,
    fail,
    out,
    print_json_lines,
    zone_of,
)
from cli.dead_letters.letter import organization_in
from cli.trace.preference_history import Wishes, tells_of_wishes
from cli.trace.queue import add_waiting
from cli.trace.story import tale
from cli.trace.tree import tree
from contracts.envelope import MalformedEnvelope, Record, key_elsewhere, read
from contracts.topics import ALL, BOOKING_EVENTS

_CREATE = b"appointment.create"
_PIPED = 500  # columns: who reads a file breaks no lines


def trace(
    appointment: Annotated[str, typer.Argument(help="The appointment's id.")],
    home: HomeOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Every person alone, with ids.")] = False,
    log: Annotated[
        bool | None,
        typer.Option("--log/--tree", help="Every record in order of time, or what followed from what."),
    ] = None,
    zone: ZoneOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what became of an appointment: who asked what, whom it was told by which channel and why, and how it ended.

    A terminal shows that as a tree; a program (--json, or a pipe) gets every record as a JSON line.
    """
    try:
        identifier = UUID(appointment)
    except ValueError:
        fail(f"{appointment[:60]!r} is not an appointment's id (a UUID is needed)", EXIT_USAGE)
    place = zone_of(zone)
    settings = kafka.settings_for(home)
    records = kafka.run(_records(settings, identifier), settings)
    ours = of_one_organization([record for record in records if _tells_of(record, identifier)])
    if not ours:
        fail(f"the log knows nothing of an appointment {identifier}")
    programs = json or not out.is_terminal
    if json or (programs if log is None else log):
        _show_log(ours, programs)
        return
    wishes = Wishes.told_by(record for record in records if tells_of_wishes(record))
    told = tale(ours)
    if note := asyncio.run(add_waiting(told, identifier, settings)):
        err.print(note, style="dim")
    screen = out if out.is_terminal else Console(highlight=False, width=_PIPED)
    screen.print(tree(str(identifier), told, wishes, place, verbose))


def _show_log(records: list[Record], programs: bool) -> None:
    names: dict[str, str] = {}
    for record in records:
        names |= describe.names_in(record)
    lines = [describe.line(record, names) for record in records]
    if programs:
        print_json_lines(line.document() for line in lines)
        return
    table = Table("time (UTC)", "topic", "what", "who", "", box=None, header_style="bold")
    for line in lines:
        at = f"{line.record.timestamp:%Y-%m-%d %H:%M:%S.%f}"[:-3]
        table.add_row(at, line.record.topic, *map(escape, (line.type, line.who, line.what)))
    out.print(table)


async def _records(settings: Settings, identifier: UUID) -> list[Record]:
    """What is about the appointment, and what people said about notifications; in order of time."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("reading the log", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        async with kafka.reading(settings, [topic.name for topic in ALL]) as log:
            found = [
                record
                async for record in log.up_to_now(progress)
                if _tells_of(record, identifier) or tells_of_wishes(record)
            ]
    return sorted(found, key=_order)


def _tells_of(record: Record, identifier: UUID) -> bool:
    """Whether a record is about the appointment: its subject, its body, or the command that made it."""
    needle = str(identifier).encode()
    if needle in (record.value or b"") or ("ce_subject", needle) in record.headers:
        return True
    if ("ce_type", _CREATE) not in record.headers:
        return False
    try:
        command = read(record.headers)
    except MalformedEnvelope:
        return False
    keys = (command.id, key_elsewhere(command.organization, command.id))
    return identifier in [uuid5(key, "appointment") for key in keys]


def of_one_organization(records: list[Record]) -> list[Record]:
    """The records without commands of another organization, which may have used the same id for something of its own.

    An appointment belongs to the organization that its events name; as long as there are none nothing is left out.
    """
    events = (record for record in records if record.topic == BOOKING_EVENTS.name)
    owner = next((found for record in events if (found := organization_in(record.headers))), None)
    return [
        record
        for record in records
        if owner is None
        or not record.topic.endswith((".commands", ".redrive"))
        or organization_in(record.headers) in (owner, None)
    ]


_RANKS = {topic.name: rank for rank, topic in enumerate(ALL)}


def _order(record: Record) -> tuple[object, ...]:
    """By the broker's clock; what it stamped with the same millisecond, as it flows through the fleet."""
    return (record.timestamp, _RANKS.get(record.topic, 99), record.partition, record.offset)
