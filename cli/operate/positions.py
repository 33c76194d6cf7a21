"""Where the consumers of services stand, each partition beside its log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiokafka import TopicPartition
from sqlalchemy import text

from chassis.configuration.settings import Settings, service_database_url
from chassis.consuming import position_changes, progress
from chassis.consuming.position_changes import Change
from chassis.database.transactions import Database, Row
from chassis.kafka.client import cluster_id
from cli import kafka

_ROWS = text("""
    SELECT consumer, topic, partition, next_offset, published_offset, cluster_id, last_offset, last_timestamp FROM progress
    ORDER BY consumer, topic, partition
""")
Bounds = Mapping[TopicPartition, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ByHand:
    """The last time that an operator set a position: when (UTC), who, to which offset, and why."""

    at: datetime
    by: str
    next_offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stand:
    """One partition of a consumer beside its log; `halted` is the reason why it cannot go on, or None.

    `is_of_this_log`: whether the position means anything in the log as it is now. `by_hand`: the last change, if any.
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
    by_hand: ByHand | None


def database_of(settings: Settings, service: str) -> Database:
    """A service's database, as the service itself reaches it."""
    return Database(service_database_url(settings, service), application_name="appointments-cli")


async def stands(settings: Settings, services: Iterable[str]) -> list[Stand]:
    """Each partition of these services' consumers, as database and log have it now."""
    cluster = await cluster_id(settings)
    found = []
    for service in services:
        async with database_of(settings, service).transaction() as tx:
            rows = await tx.execute(_ROWS)
            changes = await position_changes.last(tx)
        bounds = await _bounds(settings, rows)
        found += [await _stand(service, settings, row, bounds, cluster, changes) for row in rows]
    return found


async def _bounds(settings: Settings, rows: Iterable[Row]) -> Bounds:
    names = {row.topic.removeprefix(settings.topic_prefix) for row in rows}
    return await kafka.bounds_of(settings, sorted(names))


async def _stand(
    service: str,
    settings: Settings,
    row: Row,
    bounds: Bounds,
    cluster: str,
    changes: Mapping[tuple[str, TopicPartition], Change],
) -> Stand:
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
        by_hand=_by_hand(changes.get((row.consumer, place))),
    )


def _by_hand(change: Change | None) -> ByHand | None:
    if change is None:
        return None
    return ByHand(change.changed_at, change.changed_by, change.next_offset, change.reason)
