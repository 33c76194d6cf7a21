"""All that is FastStream's and aiokafka's own: a batch subscriber with none of the defaults that commit or skip past failures."""

import asyncio
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import ConsumerStoppedError, GroupAuthorizationFailedError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from chassis.configuration.settings import Settings
from chassis.kafka.fetched import POLL, Poll, install
from chassis.kafka.producing import MAX_REQUEST_BYTES

EMPTY_PAUSE_MS = (
    1  # FastStream waits for a poll this long, and if it is empty sleeps as long, deaf to new records
)
POLL_WAIT_MS = (
    250  # so we wait for the poll ourselves: a record wakes it at once, and idling costs next to nothing
)

FAILED_PAUSE = 0.5  # seconds
BUFFERED_SECONDS = 2.0  # a fetch waits so long for earlier records to be drawn; after 0.1 s it would leave those partitions out

Drawn = dict[TopicPartition, list[ConsumerRecord]]
Scans = dict[TopicPartition, tuple[int, int]]

install()


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


class Polls(Protocol):
    """Takes the result of each poll at the very moment it is drawn, before anything can be sought in between."""

    async def room(self) -> None:
        """Return when more can be taken."""

    def drawn(self, records: Drawn, scans: Scans) -> None:
        """Take the records of one poll, and from where to where it read each partition."""

    def failed(self, error: Exception) -> None:
        """A poll failed; records that it had drawn are lost with it."""


def watch_polls(consumer: AIOKafkaConsumer, polls: Polls) -> None:
    """Hand the result of each poll to `polls`; FastStream gets nothing, and only keeps polling."""
    if getattr(consumer, "watched", False):
        return
    # A fetch that leaves a partition out is a long poll that its next records must wait for. No public word for it.
    consumer._fetcher._prefetch_backoff = BUFFERED_SECONDS  # noqa: SLF001
    draw = consumer.getmany

    async def getmany(**limits: Any) -> Drawn:
        await polls.room()
        poll = Poll()
        token = POLL.set(poll)
        try:
            records: Drawn = await draw(**limits | {"timeout_ms": POLL_WAIT_MS})
        except ConsumerStoppedError:
            raise
        except Exception as error:
            polls.failed(error)
            if isinstance(error, GroupAuthorizationFailedError):
                _join_again(consumer)
            await asyncio.sleep(FAILED_PAUSE)
        else:
            polls.drawn(records, poll.scans)
        finally:
            POLL.reset(token)
        return {}

    consumer.getmany = getmany
    consumer.watched = True


def _join_again(consumer: AIOKafkaConsumer) -> None:
    """Let the consumer try to join its group: its heartbeats have ended, and it would tell of that for ever."""
    coordinator = getattr(consumer, "_coordinator", None)
    if coordinator is not None:
        coordinator.request_rejoin()


def rejoining(consumer: AIOKafkaConsumer | None) -> bool:
    """Return whether the consumer wants to rejoin its group; aiokafka has no public name for it."""
    flag = getattr(getattr(consumer, "_coordinator", None), "_rejoin_needed_fut", None)
    return flag is not None and flag.done()


def coordination_died(consumer: AIOKafkaConsumer | None) -> bool:
    """Return whether the task that keeps the consumer in its group has ended; aiokafka has no public name for it."""
    task = getattr(getattr(consumer, "_coordinator", None), "_coordination_task", None)
    return task is not None and task.done()


async def nothing(_: Any) -> None:
    """FastStream's handler: every record was taken at its poll."""
