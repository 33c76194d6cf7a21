"""`appointments trace`: the whole story of an appointment, from the log."""

import asyncio
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress
from rich.text import Text

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
    say,
    with_examples,
    zone_name,
    zone_of,
)
from cli.dead_letters.letter import organization_in
from cli.trace.preference_history import PreferenceHistory, is_about_preferences
from cli.trace.queue import add_waiting
from cli.trace.story import build_story
from cli.trace.subjects import is_about
from cli.trace.tree import tree
from contracts.envelope import Record
from contracts.topics import ALL, BOOKING_EVENTS

_PIPED = 500  # columns: a file needs no line breaks


@with_examples(
    "appointments trace ID",
    "appointments trace ID --zone Europe/Berlin -v",
    "appointments trace ID --log",
)
def trace(
    appointment: Annotated[str, typer.Argument(metavar="ID", help="The appointment's id.")],
    home: HomeOption = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every person alone, with ids.")
    ] = False,
    log: Annotated[
        bool | None,
        typer.Option(
            "--log/--tree", help="Show every record in order of time, or a tree (default in a terminal)."
        ),
    ] = None,
    zone: ZoneOption = None,
    json: JsonOption = False,
) -> None:
    """Show the story of an appointment: commands, events, notifications.

    For each notification: the person, the channel, the reason, and how it ended. A terminal gets a tree; a program
    (--json, or a pipe) gets every record as a JSON line. Exit code 1: the log has no such appointment.
    """
    try:
        identifier = UUID(appointment)
    except ValueError:
        fail(f"{appointment[:60]!r} is not an appointment's id (a UUID is needed)", EXIT_USAGE)
    place = zone_of(zone)
    settings = kafka.settings_for(home)
    records = kafka.run(_records(settings, identifier), settings)
    ours = of_one_organization([record for record in records if is_about(record, identifier)])
    if not ours:
        fail(f"the log has no appointment {identifier}")
    programs = json or not out.is_terminal
    if json or (programs if log is None else log):
        _show_log(ours, place, programs)
        return
    preferences = PreferenceHistory.of(record for record in records if is_about_preferences(record))
    story = build_story(ours)
    if note := asyncio.run(add_waiting(story, identifier, settings)):
        err.print(note, style="dim")
    screen = out if out.is_terminal else Console(highlight=False, width=_PIPED)
    screen.print(tree(str(identifier), story, preferences, place, verbose))


def _show_log(records: list[Record], zone: ZoneInfo | None, programs: bool) -> None:
    names: dict[str, str] = {}
    for record in records:
        names |= describe.names_in(record)
    lines = [describe.line(record, names) for record in records]
    if programs:
        print_json_lines(line.document() for line in lines)
        return
    say(f"times in {zone_name(zone)}")
    for line in lines:
        at = f"{line.record.timestamp.astimezone(zone):%a %d %b %H:%M:%S.%f}"[:-3]
        head = (
            Text(f"{at}  ", style="dim")
            .append(line.type, style="bold not dim")
            .append(f"  {line.record.topic}")
        )
        out.print(head)
        content = ": ".join(part for part in (line.who, line.what) if part)
        out.print(Padding(Text(content), (0, 0, 0, 4)))


async def _records(settings: Settings, identifier: UUID) -> list[Record]:
    """Return the records about the appointment, and the history of preferences; in order of time."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("reading the log", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        async with kafka.reading(settings, [topic.name for topic in ALL]) as log:
            found = [
                record
                async for record in log.up_to_now(progress)
                if is_about(record, identifier) or is_about_preferences(record)
            ]
    return sorted(found, key=_order)


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
    """Order by the broker's clock; records of the same millisecond as they flow through the fleet."""
    return (record.timestamp, _RANKS.get(record.topic, 99), record.partition, record.offset)
