"""`appointments topics`: which topics there are, what they hold, and where they differ from their contract."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from chassis.configuration.settings import Settings
from chassis.topics import administration
from chassis.topics.creation import differences, ensure_topics
from chassis.topics.drift import BREAKS, Actual, Difference
from cli import kafka
from cli.console import EXIT_FAILED, HomeOption, JsonOption, err, out, print_json_lines, say
from cli.operate import resize
from cli.operate.acls import print_acls
from contracts.topics import ALL, DAY_MS, Topic

app = typer.Typer(invoke_without_command=True)
app.command("resize")(resize.resize)


@app.callback()
def topics(
    context: typer.Context,
    home: HomeOption = None,
    json: JsonOption = False,
    create: Annotated[bool, typer.Option("--create", help="Create those that are absent first.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Set what differs as the contract has it first.")
    ] = False,
    acls: Annotated[
        bool, typer.Option("--acls", help="Print the ACLs that each process needs, and do nothing.")
    ] = False,
) -> None:
    """List every topic: owner, partitions, replicas, retention, records now in it, and where it differs.

    Exit code 1 when something differs from the contract.
    """
    if context.invoked_subcommand is not None:
        return
    settings = kafka.settings_for(home)
    if acls:
        print_acls(settings, json=json)
        return
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
        sizes = await log.sizes()
    return [_row(topic, actual.get(topic), sizes.get(topic.name, (0, 0))[1], found) for topic in ALL], found


async def _fix(settings: Settings, found: list[Difference]) -> None:
    """Set what may be set, and say so on stderr, so that stdout stays the table's; what may not be says its remedy."""
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
    heads = ("topic", "owner", "partitions", "replicas", "kept", "records", "", "")
    table = Table(*heads, box=None, header_style="bold")
    for row in rows:
        kept = "for ever" if row["retention_days"] is None else f"{row['retention_days']} d"
        partitions, replicas = str(row["partitions"] or "absent"), str(row["replication"] or "")
        differs = ", ".join(one["setting"] for one in row["differences"])
        mark = f"[red]✗ {differs}[/]" if differs else ""
        records = f"{row['records']:,}"
        table.add_row(
            row["topic"], row["owner"], partitions, replicas, kept, records, mark, row["description"]
        )
    out.print(table)
    if any(row["settings"] is None and row["partitions"] for row in rows):
        say("Settings cannot be compared: DescribeConfigs on the topics is not allowed.")
    for difference in found:
        style = "red" if difference.severity == BREAKS else "yellow"
        out.print(f"{difference.severity}: {difference.sentence}", style=style, soft_wrap=True)
