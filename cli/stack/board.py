"""The live board of `up` and `status --watch`: one row a process, and the addresses."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.stack.states import trouble, uptime, word_of
from deploy.local.report import Report

_COLOURS = {"ready": "green", "starting": "cyan", "waiting": "dim"}


def board(report: Report) -> Table:
    """Return a table of all processes for a terminal."""
    heads = ("process", "state", "pid", "lag", "up", "restarts", "")
    table = Table(*heads, box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name, row in report.items():
        table.add_row(
            name,
            _state(row),
            str(row["pid"] or "–"),
            "" if row.get("lag") is None else f"{row['lag']:,}",
            uptime(row),
            str(row["restarts"] or ""),
            Text(trouble(row), style="yellow"),
        )
    return table


def with_footer(table: RenderableType, lines: list[tuple[str, str]], note: str) -> Group:
    """Return the board with a list of names and values and a last line below it."""
    footer = Table.grid(padding=(0, 2))
    for name, value in lines:
        footer.add_row(Text(name, style="dim"), Text(value, overflow="fold"))
    return Group("", table, "", footer, "", Text(note, style="bold"))


def _state(row: dict[str, Any]) -> Text:
    word = word_of(row)
    return Text(f"● {word}", style=_COLOURS.get(word, "red"))
