"""`appointments topics`: the topics, their records and consumers, and where they differ from their contract."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from chassis.clock import now
from chassis.configuration.settings import Settings
from chassis.topics import administration
from chassis.topics.creation import differences, ensure_topics
from chassis.topics.drift import BREAKS, Actual, Difference
from cli import kafka
from cli.console import (
    EXIT_FAILED,
    HomeOption,
    JsonOption,
    duration,
    epilog_of,
    err,
    examples,
    group,
    out,
    print_json_lines,
    say,
)
from cli.operate import resize
from cli.operate.acls import print_acls
from cli.operate.topic_facts import lags, newest
from contracts.envelope import rfc3339
from contracts.topics import ALL, DAY_MS, Topic

_WIDE = 90  # columns

app = group(
    "topics",
    "List the topics, and where they differ from their contract.",
    invoke_without_command=True,
    epilog=examples("appointments topics", "appointments topics --fix", "appointments topics resize 24"),
)
app.command("resize", epilog=epilog_of(resize.resize))(resize.resize)


@app.callback()
def topics(
    context: typer.Context,
    home: HomeOption = None,
    json: JsonOption = False,
    create: Annotated[
        bool, typer.Option("--create", help="Create the topics that are absent first.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Set each differing setting to the contract's value first.")
    ] = False,
    acls: Annotated[
        bool, typer.Option("--acls", help="Print the ACLs that each process needs, and change nothing.")
    ] = False,
) -> None:
    """List the topics, and where they differ from their contract.

    A topic's lag is that of its slowest consumer group, in records; newest is the age of its newest record. Exit codes: 0
    all is as the contract says, 1 something differs, 6 Kafka does not answer.
    """
    if context.invoked_subcommand is not None:
        return
    settings = kafka.settings_for(home)
    if acls:
        print_acls(settings, json=json)
        return
    if create or fix:
        kafka.name_target(settings)
    rows, found = kafka.run(_look(settings, create, fix), settings)
    if json or not out.is_terminal:
        print_json_lines(rows)
    else:
        _show(rows, found)
    if found:
        raise typer.Exit(EXIT_FAILED)


async def _look(settings: Settings, create: bool, fix: bool) -> tuple[list[dict[str, Any]], list[Difference]]:
    if create:
        await ensure_topics(settings)
    actual = await administration.describe(settings, ALL)
    found = differences(settings, ALL, actual)
    if fix and found:
        await _fix(settings, found)
        actual = await administration.describe(settings, ALL)
        found = differences(settings, ALL, actual)
    async with kafka.reading(settings, [topic.name for topic in actual]) as log:
        sizes, ends = await log.sizes(), await log.ends()
        times = await newest(log, ends)
    behind = await lags(settings, ends)
    rows = [_row(topic, actual.get(topic), sizes.get(topic.name, (0, 0))[1], found) for topic in ALL]
    for row in rows:
        at = times.get(row["topic"])
        row |= {"lag": behind.get(row["topic"]), "newest": rfc3339(at) if at else None}
    return rows, found


async def _fix(settings: Settings, found: list[Difference]) -> None:
    """Set what may be set; print it, and the remedy for the rest, on stderr, so that stdout stays the table's."""
    changes: dict[str, dict[str, str]] = {}
    for difference in found:
        if difference.mends is None:
            err.print(f"not mended: {difference.sentence}", soft_wrap=True)
        else:
            changes.setdefault(difference.topic, {})[difference.setting] = difference.mends
    refused = await administration.set_settings(settings, changes) if changes else {}
    for topic, values in changes.items():
        for setting, value in values.items():
            reason = f" was refused: {refused[topic]}" if topic in refused else " is set"
            err.print(f"{topic}: {setting}={value}{reason}", soft_wrap=True)


def _row(topic: Topic, actual: Actual | None, records: int, found: list[Difference]) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "owner": topic.owner,
        "partitions": actual.partitions if actual else 0,
        "replication": actual.replication if actual else 0,
        "retention_days": topic.retention_ms // DAY_MS if topic.retention_ms > 0 else None,
        "records": records,
        "description": topic.description,
        "settings": dict(actual.settings) if actual and actual.settings is not None else None,
        "differences": [
            {name: value for name, value in asdict(one).items() if name not in ("topic", "mends")}
            for one in found
            if one.topic == topic.name
        ],
    }


def _show(rows: list[dict[str, Any]], found: list[Difference]) -> None:
    """Print one line a topic; a narrow terminal gets fewer columns."""
    heads = ("topic", "records", "lag", "newest", "kept", "parts", "replicas", "owner")
    shown = heads if out.width >= _WIDE else heads[:5]
    table = Table(*shown, "", box=None, header_style="bold", padding=(0, 1, 0, 0))
    for column in table.columns:
        column.no_wrap = True
    for row in rows:
        cells = {
            "topic": row["topic"],
            "records": f"{row['records']:,}",
            "lag": "" if row["lag"] is None else f"{row['lag']:,}",
            "newest": age(row["newest"]),
            "kept": "for ever" if row["retention_days"] is None else f"{row['retention_days']} d",
            "parts": str(row["partitions"] or "absent"),
            "replicas": str(row["replication"] or ""),
            "owner": row["owner"],
        }
        differs = ", ".join(one["setting"] for one in row["differences"])
        table.add_row(*(cells[name] for name in shown), f"[red]✗ {differs}[/]" if differs else "")
    out.print(table)
    if any(row["settings"] is None and row["partitions"] for row in rows):
        say("Settings cannot be compared: DescribeConfigs on the topics is not allowed.")
    for difference in found:
        style = "red" if difference.severity == BREAKS else "yellow"
        out.print(f"{difference.severity}: {difference.sentence}", style=style)


def age(newest_at: str | None) -> str:
    """Return how long ago a time was, to its largest unit; nothing for None."""
    if newest_at is None:
        return ""
    seconds = max(0, int((now() - datetime.fromisoformat(newest_at)).total_seconds()))
    return f"{duration(seconds)} ago"
