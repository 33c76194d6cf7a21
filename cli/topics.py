"""`appointments topics`: which topics there are, whose they are, what they hold."""

from typing import Annotated, Any

import typer
from rich.table import Table

from chassis.settings import Settings
from chassis.topics import ensure_topics
from cli import kafka
from cli.acls import print_acls
from cli.console import HomeOption, JsonOption, out, print_json_lines
from contracts.topics import ALL, DAY_MS, Topic


def topics(
    home: HomeOption = None,
    json: JsonOption = False,
    create: Annotated[bool, typer.Option("--create", help="Create those that are absent first.")] = False,
    acls: Annotated[
        bool, typer.Option("--acls", help="Print the ACLs that each process needs, and do nothing.")
    ] = False,
) -> None:
    """List every topic: owner, partitions, retention, records now in it."""
    settings = kafka.settings_for(home)
    if acls:
        print_acls(settings, json=json)
        return
    rows = kafka.run(_rows(settings, create), settings)
    if json or not out.is_terminal:
        print_json_lines(rows)
    else:
        _show(rows)


async def _rows(settings: Settings, create: bool) -> list[dict[str, Any]]:
    if create:
        await ensure_topics(settings)
    async with kafka.reading(settings, [topic.name for topic in ALL]) as log:
        sizes = await log.sizes()
    return [_row(topic, *sizes.get(topic.name, (0, 0))) for topic in ALL]


def _row(topic: Topic, partitions: int, records: int) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "owner": topic.owner,
        "partitions": partitions,
        "retention_days": topic.retention_ms // DAY_MS if topic.retention_ms > 0 else None,
        "records": records,
        "description": topic.description,
    }


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table("topic", "owner", "partitions", "kept", "records", "", box=None, header_style="bold")
    for row in rows:
        kept = "for ever" if row["retention_days"] is None else f"{row['retention_days']} d"
        partitions = str(row["partitions"] or "absent")
        table.add_row(row["topic"], row["owner"], partitions, kept, f"{row['records']:,}", row["description"])
    out.print(table)
