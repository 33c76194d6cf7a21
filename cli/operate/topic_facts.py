"""Facts about topics that only the broker knows: the lag of their consumers, and the time of their newest record."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from chassis.configuration.settings import Settings
from chassis.kafka.client import connection
from chassis.kafka.log import AT_ONCE, Log, Positions

_EMPTY_POLLS = 2


async def lags(settings: Settings, ends: Positions) -> dict[str, int]:
    """Return for each topic that is consumed the records that its slowest consumer group has not yet committed.

    Topics are named without prefix. Empty where the broker does not let us ask.
    """
    admin = AIOKafkaAdminClient(**connection(settings))
    await admin.start()
    found: dict[str, int] = {}
    try:
        for group in [name for name, *_ in await admin.list_consumer_groups()]:
            committed = await admin.list_consumer_group_offsets(group)
            for topic, lag in _lag_of(committed, ends).items():
                plain = topic.removeprefix(settings.topic_prefix)
                found[plain] = max(found.get(plain, 0), lag)
    except KafkaError:
        return {}
    finally:
        await admin.close()
    return found


def _lag_of(committed: Mapping[TopicPartition, object], ends: Positions) -> dict[str, int]:
    lag: dict[str, int] = {}
    for place, position in committed.items():
        offset = getattr(position, "offset", -1)
        if place in ends and offset >= 0:
            lag[place.topic] = lag.get(place.topic, 0) + max(0, ends[place] - offset)
    return lag


async def newest(log: Log, ends: Positions) -> dict[str, datetime]:
    """Return the time of the newest record of each topic that has one, by its name without prefix."""
    begins = {place: max(log.starts[place], end - 1) for place, end in ends.items()}
    log.seek(begins)
    found: dict[str, datetime] = {}
    reached, empty = dict(begins), 0
    while _missing(reached, ends) and empty < _EMPTY_POLLS:
        raw, positions = await log.next(AT_ONCE, ends, 0.3)
        empty = 0 if raw else empty + 1
        reached |= positions
        for record in map(log.record, raw):
            found[record.topic] = max(record.timestamp, found.get(record.topic, record.timestamp))
    return found


def _missing(reached: Positions, ends: Positions) -> bool:
    places: Iterable[TopicPartition] = ends
    return any(reached[place] < ends[place] for place in places)
