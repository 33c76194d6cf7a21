"""`appointments progress`: the position of each consumer, and the way out of a halted partition."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Annotated
from uuid import uuid4

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Column, Table
from sqlalchemy import text

from chassis import clock
from chassis.configuration.settings import Settings
from chassis.consuming import position_changes
from chassis.consuming.position_changes import Change
from chassis.database.transactions import Transaction
from chassis.kafka.client import cluster_id
from cli import kafka
from cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    examples,
    fail,
    group,
    out,
    print_json,
    say,
)
from cli.dead_letters.actions import operator
from cli.operate.positions import ByHand, Stand, database_of, stands
from contracts.topics import WORKERS

app = group("progress", "Show each consumer's position, and move a halted one.", no_args_is_help=True)

# Only if nothing has moved since it was looked at: whoever is at work meanwhile is right. The record that was applied
# last is of the log that was read; the next one that is applied takes its place.
_SET = text("""
    UPDATE progress SET next_offset = :next_offset, published_offset = :published_offset, cluster_id = :cluster_id,
        last_offset = NULL, last_timestamp = NULL, updated_at = now(), published_at = now()
    WHERE consumer = :consumer AND topic = :topic AND partition = :partition
      AND (next_offset, published_offset, cluster_id) = (:old_next_offset, :old_published_offset, :old_cluster_id)
""")


@app.command("show", epilog=examples("appointments progress show", "appointments progress show booking"))
def show(
    services: Annotated[
        list[str] | None, typer.Argument(help="Which services; all if none is named.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show each position beside its log; exit code 1 if a partition cannot go on."""
    settings = kafka.settings_for(home)
    found = kafka.run(stands(settings, services or list(WORKERS)), settings)
    if json or not out.is_terminal:
        print_json([asdict(stand) for stand in found])
    else:
        out.print(_table(found))
    if any(stand.halted for stand in found):
        raise typer.Exit(EXIT_FAILED)


@app.command(
    "set",
    epilog=examples(
        "appointments progress set notifier --topic notifier.commands "
        "--partition 0 --to start --reason 'away for 15 days'",
    ),
)
def set_(
    service: Annotated[
        str, typer.Argument(help="Whose positions: booking, reminders, notifier or projector.")
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to", help="The offset to go on at: a number, start or end (of the log as it is now)."
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept, and progress show has it.")],
    topic: Annotated[str | None, typer.Option("--topic", help="Only of this topic.")] = None,
    partition: Annotated[int | None, typer.Option("--partition", help="Only this partition.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be set, and set nothing.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Let halted partitions go on at another offset; end the service's processes afterwards.

    Only partitions that cannot go on are set, and only to an offset that the log has. What is skipped by it is lost.
    Exit codes: 1 no partition is halted, 2 wrong use, 6 Kafka or PostgreSQL do not answer.
    """
    if service not in WORKERS:
        fail(
            f"no service with a position is called {service[:60]!r} (there are: {', '.join(WORKERS)})",
            EXIT_USAGE,
        )
    if not reason.strip():
        fail("say why, with --reason", EXIT_USAGE)
    settings = kafka.settings_for(home)
    changes = kafka.run(_set(settings, service, to, reason, topic, partition, dry_run), settings)
    if not changes:
        fail("no partition that you named is halted: nothing was set", EXIT_FAILED)
    print_json(
        {
            "at": clock.now().isoformat(),
            "by": operator(),
            "reason": reason,
            "dry_run": dry_run,
            "service": service,
            "set": changes,
        }
    )
    if not dry_run:
        say(f"now end the processes of {service}: they begin there")


async def _set(
    settings: Settings,
    service: str,
    to: str,
    reason: str,
    topic: str | None,
    partition: int | None,
    dry_run: bool,
) -> list[dict[str, object]]:
    cluster = await cluster_id(settings)
    halted = [
        stand
        for stand in await stands(settings, [service])
        if stand.halted and topic in (None, stand.topic) and partition in (None, stand.partition)
    ]
    changes = [(stand, *_new(stand, _offset(to, stand))) for stand in halted]
    if not dry_run:
        async with database_of(settings, service).transaction() as tx:
            if not await position_changes.can_keep(tx):
                fail(f"the reason cannot be kept before this: appointments migrate {service}", EXIT_FAILED)
            for stand, following, published in changes:
                change = _change(settings, stand, (following, published, cluster), reason)
                await _write(tx, stand, change)
                await position_changes.keep(tx, change)
    return [
        {**asdict(stand), "new_next_offset": following, "new_published_offset": published}
        for stand, following, published in changes
    ]


def _offset(to: str, stand: Stand) -> int:
    """The offset that is meant; exits with 2 when the log does not have it."""
    named = {"start": stand.log_start, "end": stand.log_end}
    offset = named.get(to, int(to) if to.isdecimal() else -1)
    if not stand.log_start <= offset <= stand.log_end:
        fail(
            f"{stand.topic}/{stand.partition} goes from {stand.log_start} to {stand.log_end}: --to {to[:40]} is not in it",
            EXIT_USAGE,
        )
    return offset


def _new(stand: Stand, offset: int) -> tuple[int, int]:
    """Next and published offset: what is applied of this very log stays applied."""
    return max(stand.next_offset, offset) if stand.is_of_this_log else offset, offset


def _change(settings: Settings, stand: Stand, new: tuple[int, int, str], reason: str) -> Change:
    following, published, cluster = new
    return Change(
        id=uuid4(),
        consumer=stand.consumer,
        topic=settings.topic_prefix + stand.topic,
        partition=stand.partition,
        changed_at=clock.now(),
        changed_by=operator(),
        reason=reason,
        halted=stand.halted or "",
        old_next_offset=stand.next_offset,
        old_published_offset=stand.published_offset,
        old_cluster_id=stand.cluster_id,
        next_offset=following,
        published_offset=published,
        cluster_id=cluster,
    )


async def _write(tx: Transaction, stand: Stand, change: Change) -> None:
    if await tx.count(_SET, asdict(change)) != 1:
        fail(f"{stand.topic}/{stand.partition} has moved meanwhile: nothing was set, look again", EXIT_FAILED)


def _table(stands: Sequence[Stand]) -> Table:
    """Return the positions under their consumers, with the rare columns only where one of them is filled."""
    halted, by_hand = any(stand.halted for stand in stands), any(stand.by_hand for stand in stands)
    rare = [name for name, shown in (("halted", halted), ("set by hand", by_hand)) if shown]
    table = Table(Column("partition", overflow="fold"), "next", "published", "log", *rare, box=SIMPLE_HEAD)
    for consumer, its in groupby(stands, key=lambda stand: stand.consumer):
        table.add_row(f"[bold]{escape(consumer)}[/]")
        for stand in its:
            table.add_row(
                f"{stand.topic}/{stand.partition}",
                str(stand.next_offset),
                str(stand.published_offset),
                f"{stand.log_start}–{stand.log_end}",
                *([f"[red]{escape(stand.halted or '')}[/]"] if halted else []),
                *([_set_by_hand(stand.by_hand)] if by_hand else []),
            )
    return table


def _set_by_hand(change: ByHand | None) -> str:
    return escape(f"{change.at:%Y-%m-%d %H:%M} by {change.by}: {change.reason}") if change else ""
