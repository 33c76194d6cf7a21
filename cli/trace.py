"""`appointments trace`: the whole story of an appointment, from the log."""

from typing import Annotated
from uuid import UUID, uuid5

import typer
from rich.progress import Progress
from rich.table import Table

from chassis.settings import Settings
from cli import kafka, words
from cli.console import EXIT_USAGE, HomeOption, JsonOption, err, fail, out, print_json_lines
from contracts.envelope import Record, message_id
from contracts.topics import ALL

_CREATE = b"appointment.create"


def trace(
    appointment: Annotated[str, typer.Argument(help="The appointment's id.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Tell everything that the log knows of an appointment, in order of time: who asked what, and what followed."""
    try:
        identifier = UUID(appointment)
    except ValueError:
        fail(f"{appointment[:60]!r} is not an appointment's id (a UUID is needed)", EXIT_USAGE)
    settings = kafka.settings_for(home)
    records = kafka.run(_records(settings, identifier), settings)
    if not records:
        fail(f"the log knows nothing of an appointment {identifier}")
    names: dict[str, str] = {}
    for record in records:
        names |= words.names_in(record)
    story = [words.line(record, names) for record in records]
    if json or not out.is_terminal:
        print_json_lines(line.document() for line in story)
    else:
        _show(identifier, story)


async def _records(settings: Settings, identifier: UUID) -> list[Record]:
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("reading the log", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        async with kafka.reading(settings, [topic.name for topic in ALL]) as log:
            found = [record async for record in log.up_to_now(progress) if _tells_of(record, identifier)]
    return sorted(found, key=_order)


def _tells_of(record: Record, identifier: UUID) -> bool:
    """Whether a record is about the appointment: its subject, its body, or the command that made it."""
    needle = str(identifier).encode()
    if needle in (record.value or b"") or ("ce_subject", needle) in record.headers:
        return True
    if ("ce_type", _CREATE) not in record.headers:
        return False
    command = message_id(record.headers)
    return command is not None and uuid5(command, "appointment") == identifier


_RANKS = {topic.name: rank for rank, topic in enumerate(ALL)}


def _order(record: Record) -> tuple[object, ...]:
    """By the broker's clock; what it stamped with the same millisecond, as it flows through the fleet."""
    return (record.timestamp, _RANKS.get(record.topic, 99), record.partition, record.offset)


def _show(identifier: UUID, story: list[words.Line]) -> None:
    table = Table("time (UTC)", "topic", "what", "who", "", box=None, header_style="bold")
    day = None
    for line in story:
        at = line.record.timestamp
        shown = f"{at:%Y-%m-%d %H:%M:%S.%f}"[:-3] if at.date() != day else f"{'':11}{at:%H:%M:%S.%f}"[:-3]
        table.add_row(shown, line.record.topic, line.type, line.who, line.what)
        day = at.date()
    out.print(f"[bold]{identifier}[/]")
    out.print(table)
