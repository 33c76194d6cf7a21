"""Dead letters on a terminal."""

from zoneinfo import ZoneInfo

from rich.console import Group as Stack
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli import kafka
from cli.console import out, when
from cli.dead_letters.history import Story
from cli.dead_letters.letter import Letter, Note
from cli.dead_letters.selection import Group

_STAGES = {
    "fetch": "it breaks Kafka's own format",
    "decode": "it cannot be read",
    "handle": "our code failed on it",
    "deliver": "the Communication Service did not take it",
}


def show_groups(found: list[Group], place: ZoneInfo | None) -> None:
    """Print a line for each cause, and the next commands."""
    table = Table("count", "service", "type", "cause", "oldest", "newest", box=None, header_style="bold")
    for group in found:
        message = group.message.removeprefix(group.error).strip()
        cause = f"[bold]{escape(group.stage)}: {escape(group.error)}[/] {escape(message[:160])}"
        oldest, newest = (when(at, place) for at in (group.oldest, group.newest))
        table.add_row(
            str(len(group.letters)), group.service, escape(group.type or "?"), cause, oldest, newest
        )
    out.print(table)
    first = found[0]
    options = f"--service {first.service} --error '{first.error}'"
    out.print(
        f"[dim]single letters: appointments dlq ls --flat {escape(options)}\n"
        f"one in full:    appointments dlq show {first.letters[-1].id[:8]}\n"
        f"send back:      appointments dlq redrive {escape(options)} --reason … --dry-run[/]"
    )


def show_letters(found: list[Letter], place: ZoneInfo | None) -> None:
    """Print a line for each dead letter."""
    table = Table("id", "service", "from", "type", "cause", "set aside", "", box=None, header_style="bold")
    for letter in found:
        story = letter.story
        where = f"{story.get('topic')}/{story.get('partition')}/{story.get('offset')}"
        table.add_row(
            letter.id[:8],
            letter.service,
            escape(where),
            escape(letter.about),
            escape(f"{letter.story.get('stage', '?')}: {letter.short_cause[:110]}"),
            when(letter.record.timestamp, place),
            letter.notes[-1].done if letter.notes else "",
        )
    out.print(table)
    out.print(f"[dim]one in full: appointments dlq show {found[0].id[:8]}[/]")


def show_one(story: Story, place: ZoneInfo | None) -> None:
    """Print one dead letter: cause, history, headers, body, and the next commands."""
    letter = story.letter
    out.print(f"[bold]dead letter {letter.id}[/]")
    stage = letter.story.get("stage", "?")
    out.print(f"[red]{escape(letter.service)}: {_STAGES.get(stage, stage)}[/]: {escape(letter.short_cause)}")
    out.print(_facts(letter, place))
    out.print("\n[bold]history[/]")
    out.print(_history(story, place))
    out.print("\n[bold]headers[/]" + ("" if letter.original_headers else "\n  none"))
    headers = Table.grid(padding=(0, 2))
    for name, value in letter.original_headers:
        headers.add_row(
            Text(f"  {kafka.text(name.encode(errors='replace'))}", style="dim"), kafka.text(value)
        )
    out.print(headers)
    out.print("\n[bold]body[/]")
    out.print(Text(story.body))
    out.print(Stack("", *_next(letter)))


def _facts(letter: Letter, place: ZoneInfo | None) -> Table:
    story = letter.story
    attempts = story.get("attempts", "?")
    table = Table.grid(padding=(0, 2))
    where = f"{story.get('topic')}/{story.get('partition')}/{story.get('offset')}"
    table.add_row("[dim]  came as[/]", escape(f"{letter.type or 'a record without a type'} at {where}"))
    tried = (
        f"after {attempts} attempt{'' if attempts == '1' else 's'}, by version {story.get('version', '?')}"
    )
    table.add_row("[dim]  set aside[/]", escape(f"{when(letter.record.timestamp, place)}, {tried}"))
    if "value-size" in story:
        digest = f"{story['value-size']} bytes, SHA-256 {story.get('value-sha256', '?')}"
        table.add_row("[dim]  value[/]", escape(digest))
    if letter.cut:
        table.add_row("[dim]  cut[/]", f"[yellow]{escape(', '.join(letter.cut))}[/]: it cannot be sent back")
    return table


def _history(story: Story, place: ZoneInfo | None) -> Table:
    """Return the history in order of time, one line each."""
    lines = [(line.record.timestamp, f"{escape(line.type)}  {escape(line.what)}") for line in story.followed]
    for letter in (*story.earlier, story.letter, *story.later):
        which = "" if letter is story.letter else f" (letter {letter.id[:8]})"
        lines.append(
            (letter.record.timestamp, f"[red]set aside[/]{which}: {escape(letter.short_cause[:160])}")
        )
        lines += [(note.at, _note(note)) for note in letter.notes]
    table = Table.grid(padding=(0, 2))
    for at, words in sorted(lines, key=lambda line: line[0]):
        table.add_row(f"[dim]  {when(at, place)}[/]", words)
    return table


def _note(note: Note) -> str:
    colour = "yellow" if note.done == "redriven" else "dim"
    edited = f"; edited: {escape(note.edited)}" if note.edited else ""
    return f"[{colour}]{note.done}[/] by {escape(note.by)}: {escape(note.reason)}{edited}"


def _next(letter: Letter) -> list[str]:
    short = letter.id[:8]
    field = "template_data.NAME=TEXT" if letter.story.get("stage") == "deliver" else "FIELD=VALUE"
    again = [
        f"appointments dlq edit {short} --reason … --set {field}",
        f"appointments dlq redrive --id {short} --reason …",
    ]
    acts = [*([] if letter.cut else again), f"appointments dlq discard --id {short} --reason …"]
    return [f"[dim]{escape(act)}[/]" for act in acts]
