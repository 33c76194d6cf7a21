"""The board of `up` and `status`: one row a process, and where to find what."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.local.report import Report


def board(report: Report) -> Table:
    """A table of all processes for a terminal."""
    table = Table(
        "process", "state", "pid", "lag", "restarts", "", box=None, header_style="bold", padding=(0, 2)
    )
    for name, row in report.items():
        table.add_row(
            name,
            _state(row),
            str(row["pid"] or "–"),
            "" if row.get("lag") is None else f"{row['lag']:,}",
            str(row["restarts"] or ""),
            Text(trouble(row), style="yellow"),
        )
    return table


def with_footer(table: RenderableType, lines: list[tuple[str, str]], note: str) -> Group:
    """The board with a list of names and values and a last line below it."""
    footer = Table.grid(padding=(0, 2))
    for name, value in lines:
        footer.add_row(Text(name, style="dim"), Text(value, overflow="fold"))
    return Group("", table, "", footer, "", Text(note, style="bold"))


def plain_line(name: str, row: dict[str, Any]) -> str:
    """One process in one line, for a pipe."""
    words = [name, _word(row), f"pid={row['pid'] or '-'}"]
    if row.get("lag") is not None:
        words.append(f"lag={row['lag']}")
    words.append(f"restarts={row['restarts']}")
    return " ".join([*words, trouble(row)]).rstrip()


def trouble(row: dict[str, Any]) -> str:
    """What a process waits for, what is down, which partitions halted; empty when all is well."""
    halted = [
        f"{place['topic']}/{place['partition']} halted: {place['reason']}"
        for place in row.get("halted") or []
    ]
    waiting = [f"waiting for {name}" for name in row.get("waiting") or []]
    down = [f"{name} is down" for name in row.get("down") or []]
    return "; ".join([*waiting, *down, *halted])


def _word(row: dict[str, Any]) -> str:
    if row["ready"]:
        return "ready"
    return "not-ready" if row["live"] and row["state"] == "ready" else str(row["state"])


def _state(row: dict[str, Any]) -> Text:
    word = _word(row)
    return Text(f"● {word}", style={"ready": "green", "starting": "cyan", "waiting": "dim"}.get(word, "red"))
