"""`appointments progress`: where each consumer stands, and the way out of a halted partition."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from aiokafka import TopicPartition
from rich.table import Table
from sqlalchemy import text

from chassis import clock, progress
from chassis.database import Database, Row, Transaction
from chassis.kafka import cluster_id
from chassis.settings import Settings, service_database_url
from cli import kafka
from cli.console import EXIT_FAILED, EXIT_USAGE, HomeOption, JsonOption, fail, out, print_json, say
from contracts.topics import WORKERS

app = typer.Typer(name="progress", help="Where each consumer stands in the log.", no_args_is_help=True)

_ROWS = text("""
    SELECT consumer, topic, partition, next_offset, published_offset, cluster_id, last_offset, last_timestamp FROM progress
    ORDER BY consumer, topic, partition
""")
# Only if nothing has moved since it was looked at: whoever is at work meanwhile is right. The record that was applied
# last is of the log that was read; the next one that is applied takes its place.
_SET = text("""
    UPDATE progress SET next_offset = :next, published_offset = :published, cluster_id = :cluster, last_offset = NULL,
        last_timestamp = NULL, updated_at = now(), published_at = now()
    WHERE consumer = :consumer AND topic = :topic AND partition = :partition
      AND (next_offset, published_offset, cluster_id) = (:old_next, :old_published, :old_cluster)
""")


@dataclass(frozen=True, slots=True)
class Stand:
    """One partition of a consumer beside its log; `halted` is the reason why it cannot go on, or None.

    `is_of_this_log`: whether the position means anything in the log as it is now.
    """

    service: str
    consumer: str
    topic: str
    partition: int
    next_offset: int
    published_offset: int
    cluster_id: str
    log_start: int
    log_end: int
    is_of_this_log: bool
    halted: str | None


@app.command("show")
def show(
    services: Annotated[
        list[str] | None, typer.Argument(help="Which services; all if none is named.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show each position beside its log; exit code 1 if a partition cannot go on."""
    settings = kafka.settings_for(home)
    found = kafka.run(_stands(settings, services or list(WORKERS)), settings)
    if json or not out.is_terminal:
        print_json([asdict(stand) for stand in found])
    else:
        out.print(_table(found))
    if any(stand.halted for stand in found):
        raise typer.Exit(EXIT_FAILED)


@app.command("set")
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
    reason: Annotated[str, typer.Option("--reason", help="Why; it is part of the output.")],
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
    changes = kafka.run(_set(settings, service, to, topic, partition, dry_run), settings)
    if not changes:
        fail("no partition that you named is halted: nothing was set", EXIT_FAILED)
    print_json(
        {
            "at": clock.now().isoformat(),
            "reason": reason,
            "dry_run": dry_run,
            "service": service,
            "set": changes,
        }
    )
    if not dry_run:
        say(f"now end the processes of {service}: they begin there")


async def _set(
    settings: Settings, service: str, to: str, topic: str | None, partition: int | None, dry_run: bool
) -> list[dict[str, object]]:
    cluster = await cluster_id(settings)
    halted = [
        stand
        for stand in await _stands(settings, [service])
        if stand.halted and topic in (None, stand.topic) and partition in (None, stand.partition)
    ]
    changes = [(stand, *_new(stand, _offset(to, stand))) for stand in halted]
    if not dry_run:
        async with _database(settings, service).transaction() as tx:
            for stand, following, published in changes:
                await _write(tx, settings, stand, following, published, cluster)
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


async def _write(
    tx: Transaction, settings: Settings, stand: Stand, following: int, published: int, cluster: str
) -> None:
    written = await tx.count(
        _SET,
        {
            "consumer": stand.consumer,
            "topic": settings.topic_prefix + stand.topic,
            "partition": stand.partition,
            "next": following,
            "published": published,
            "cluster": cluster,
            "old_next": stand.next_offset,
            "old_published": stand.published_offset,
            "old_cluster": stand.cluster_id,
        },
    )
    if written != 1:
        fail(f"{stand.topic}/{stand.partition} has moved meanwhile: nothing was set, look again", EXIT_FAILED)


async def _stands(settings: Settings, services: Iterable[str]) -> list[Stand]:
    cluster = await cluster_id(settings)
    found = []
    for service in services:
        async with _database(settings, service).transaction() as tx:
            rows = await tx.execute(_ROWS)
        bounds = await _bounds(settings, rows)
        found += [await _stand(service, settings, row, bounds, cluster) for row in rows]
    return found


Bounds = Mapping[TopicPartition, tuple[int, int]]


async def _bounds(settings: Settings, rows: Iterable[Row]) -> Bounds:
    names = {row.topic.removeprefix(settings.topic_prefix) for row in rows}
    return await kafka.bounds_of(settings, sorted(names))


async def _stand(service: str, settings: Settings, row: Row, bounds: Bounds, cluster: str) -> Stand:
    place = TopicPartition(row.topic, row.partition)
    start, end = bounds.get(place, (0, 0))
    known = progress.Row(*row[3:])
    refusal = progress.refusal_for(known, start, end, cluster)
    other = None if refusal else await kafka.another_log_than(settings, place, known, start)
    broken = None
    if not refusal and not other and row.next_offset < end:
        broken = await kafka.unreadable_at(settings, place, row.next_offset)
    return Stand(
        service=service,
        consumer=row.consumer,
        topic=row.topic.removeprefix(settings.topic_prefix),
        partition=row.partition,
        next_offset=row.next_offset,
        published_offset=row.published_offset,
        cluster_id=row.cluster_id,
        log_start=start,
        log_end=end,
        is_of_this_log=row.cluster_id == cluster and end >= row.next_offset and other is None,
        halted=refusal or other or broken,
    )


def _database(settings: Settings, service: str) -> Database:
    return Database(service_database_url(settings, service), application_name="appointments-cli")


def _table(stands: Iterable[Stand]) -> Table:
    table = Table("consumer", "partition", "next", "published", "log", "")
    for stand in stands:
        table.add_row(
            stand.consumer,
            f"{stand.topic}/{stand.partition}",
            str(stand.next_offset),
            str(stand.published_offset),
            f"{stand.log_start}–{stand.log_end}",
            f"[red]{stand.halted}[/]" if stand.halted else "",
        )
    return table
