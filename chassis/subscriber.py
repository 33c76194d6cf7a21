"""What is FastStream's and aiokafka's own: a batch subscriber with none of the defaults that commit or skip past failures.

Records are handed over as bytes: decoding is each subscription's own, record by record.
"""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from chassis.publisher import MAX_REQUEST_BYTES
from chassis.settings import Settings
from contracts.envelope import Record

EMPTY_PAUSE_MS = (
    1  # FastStream waits for a poll this long, and if it is empty sleeps as long, deaf to new records
)
POLL_WAIT_MS = (
    250  # so we wait for the poll ourselves: a record wakes it at once, and idling costs next to nothing
)

BUFFERED_SECONDS = 2.0  # a fetch waits so long for what was read before to be drawn; after 0.1 s it would leave those partitions out

Drawn = dict[TopicPartition, list[ConsumerRecord]]


def subscribe(
    broker: KafkaBroker,
    settings: Settings,
    *,
    name: str,
    topics: tuple[str, ...],
    max_records: int,
    listener: ConsumerRebalanceListener,
) -> Any:
    """A FastStream batch subscriber of these topics (names without prefix); its group is `name`."""
    return broker.subscriber(
        *(settings.topic_prefix + topic for topic in topics),
        group_id=settings.topic_prefix + name,
        batch=True,
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        parser=_parse,
        decoder=_undecoded,
        listener=listener,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        batch_timeout_ms=EMPTY_PAUSE_MS,
        fetch_max_wait_ms=settings.fetch_max_wait_ms,
        max_records=max_records,
        max_partition_fetch_bytes=MAX_REQUEST_BYTES,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=max(settings.session_timeout_ms // 4, 200),
        rebalance_timeout_ms=60_000,
        max_poll_interval_ms=600_000,  # our watchdog is stricter, and does not stop after the first exception
    )


def watch_polls(consumer: AIOKafkaConsumer, drawn: Callable[[Drawn], Awaitable[None]]) -> None:
    """Call `drawn` with the result of each poll, at the very moment it is drawn and before anybody else sees it."""
    if getattr(consumer, "watched", False):
        return
    # A fetch that leaves a partition out is a long poll that its next records must wait for. No public word for it.
    consumer._fetcher._prefetch_backoff = BUFFERED_SECONDS  # noqa: SLF001
    draw = consumer.getmany

    async def getmany(**limits: Any) -> Drawn:
        records: Drawn = await draw(**limits | {"timeout_ms": POLL_WAIT_MS})
        await drawn(records)
        return records

    consumer.getmany = getmany
    consumer.watched = True


def rejoining(consumer: AIOKafkaConsumer | None) -> bool:
    """Whether the consumer wants to rejoin its group. aiokafka has no public word for it."""
    flag = getattr(getattr(consumer, "_coordinator", None), "_rejoin_needed_fut", None)
    return flag is not None and flag.done()


def coordination_died(consumer: AIOKafkaConsumer | None) -> bool:
    """Whether the task that keeps the consumer in its group has ended. aiokafka has no public word for it either."""
    task = getattr(getattr(consumer, "_coordinator", None), "_coordination_task", None)
    return task is not None and task.done()


def records_of(drawn: tuple[ConsumerRecord, ...], prefix: str) -> Iterator[tuple[TopicPartition, Record]]:
    """Our own view of raw records, with the partition as the broker names it."""
    for record in drawn:
        yield (
            TopicPartition(record.topic, record.partition),
            Record(
                record.topic[len(prefix) :],
                record.partition,
                record.offset,
                datetime.fromtimestamp(record.timestamp / 1000, UTC),
                record.key,
                record.value,
                tuple(record.headers),
            ),
        )


async def _parse(records: tuple[ConsumerRecord, ...], original: Any) -> Any:
    """FastStream's own parser decodes every header and would fail the whole batch for one; it never sees ours."""
    first = {field: getattr(records[0], field) for field in records[0].__dataclass_fields__}
    message = await original((ConsumerRecord(**first | {"headers": ()}),))
    message.raw_message = records
    return message


async def _undecoded(message: Any, _original: Any) -> Any:
    return message.raw_message
