"""The seam: everything that the simulation replaces in the chassis, and everything that it asks of it by name."""

import asyncio
import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import structlog
from aiokafka import TopicPartition
from faststream.kafka import KafkaBroker

import chassis.consuming.consumer
import chassis.consuming.partition_takeover
import chassis.consuming.same_log
from chassis import clock
from chassis.configuration.settings import Settings
from chassis.consuming.batch import Subscription
from chassis.consuming.consumer import Consumer
from chassis.health import Health
from tests.simulation.database import ModelDatabase
from tests.simulation.kafka import Broker, ModelConsumer
from tests.simulation.ledger import SERVICE
from tests.simulation.loop import VirtualLoop
from tests.simulation.publisher import ModelPublisher


class Subscriber:
    """Stands where FastStream's batch subscriber stands."""

    def __init__(self, consumer: ModelConsumer) -> None:
        self.consumer = consumer

    def __call__(self, handler: object) -> None:
        """Take the handler, which gets nothing: the chassis takes the records at each poll."""


@contextmanager
def simulated(loop: VirtualLoop, seed: int) -> Iterator[None]:
    """Virtual clocks, seeded jitter, sets of partitions in one order, and no cluster to ask for its id."""

    async def cluster_id(_: Settings) -> str:
        await asyncio.sleep(random.uniform(0.02, 0.3))  # a connection of its own
        return "cluster"

    def now() -> datetime:
        return datetime.fromtimestamp(1_700_000_000 + loop.time(), UTC)

    state, logging_ = random.getstate(), structlog.get_config()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    random.seed(seed)  # back-off and aiokafka's order of partitions
    try:
        with (
            patch.object(time, "monotonic", loop.time),
            patch.object(clock, "now", now),
            patch.object(TopicPartition, "__hash__", lambda partition: hash(partition.partition)),
            patch.object(chassis.consuming.partition_takeover, "cluster_id", cluster_id),
        ):
            yield
    finally:
        random.setstate(state)
        structlog.configure(**logging_)
        logging.disable(logging.NOTSET)


@contextmanager
def same_log_asks(broker: Broker) -> Iterator[None]:
    """The check for a topic that was made anew reads the model's log; it would open a connection of its own."""

    async def stamp_at(_: Settings, partition: TopicPartition, offset: int) -> int | None:
        await broker.answer()
        log = broker.logs[partition]
        return log.timestamp(offset) if log.value_at(offset) is not None else None

    with patch.object(chassis.consuming.same_log, "_stamp_at", stamp_at):
        yield


def new_consumer(
    subscription: Subscription[str],
    settings: Settings,
    database: ModelDatabase,
    publisher: ModelPublisher,
    health: Health,
    broker: Broker,
) -> tuple[Consumer[str], Subscriber]:
    """A consumer of the chassis, and what stands for its FastStream subscriber."""
    subscriber = Subscriber(ModelConsumer(broker))
    with patch.object(chassis.consuming.consumer, "subscribe", lambda *_, **__: subscriber):
        consumer = Consumer(subscription, SERVICE, settings, database, publisher, health, KafkaBroker())
    return consumer, subscriber


def state_of(consumer: Consumer[str]) -> dict[str, Any]:
    """Details of a violation: partitions owned, and the tasks that run."""
    return {
        "owned": sorted(partition.partition for partition in consumer._positions.partitions),
        "running": sorted(name for name, task in consumer._tasks.items() if not task.done()),
    }
