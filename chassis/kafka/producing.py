"""One connected producer: who uses it, and the partitions of which it takes no record any more."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from aiokafka import AIOKafkaProducer

from chassis.configuration.settings import METADATA_AGE_MS, Settings
from chassis.kafka.client import connection

Place = tuple[str, int]
"""The topic as the broker names it, and the partition's number."""

FLUSH_WITHIN = 5.0  # seconds
MAX_REQUEST_BYTES = 2 * 1_048_576 + 65_536  # a dead letter carries a whole record of 1 MiB and its story


class Connected:
    """A producer of aiokafka's. A broker that refused a batch leaves it counting on: its partition is spoilt for ever."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.producer = producer
        self._spoilt: set[Place] = set()
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()

    def spoil(self, places: Collection[Place]) -> None:
        """Take no more records of these partitions."""
        self._spoilt.update(places)

    def takes(self, places: Collection[Place]) -> bool:
        """Return whether records of these partitions can be sent by it."""
        sender = self.producer._sender.sender_task  # noqa: SLF001  it ends where no partition can go on
        return self._spoilt.isdisjoint(places) and not sender.done()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep it connected meanwhile."""
        self._users += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def replaced(self) -> None:
        """Let its users end, and disconnect; a broker that does not answer them is not waited for."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._unused.wait(), FLUSH_WITHIN)
        await self.stop()

    async def stop(self) -> None:
        """Flush what is under way and disconnect; gives up after 5 s, because redelivery publishes it again."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.producer.stop(), FLUSH_WITHIN)


async def connect(settings: Settings, client_id: str) -> Connected:
    """Connect a producer: idempotent, acknowledged by all replicas. Raises KafkaError and OSError."""
    producer = AIOKafkaProducer(
        **connection(settings),
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=settings.linger_ms,
        max_batch_size=262_144,
        max_request_size=MAX_REQUEST_BYTES,
        metadata_max_age_ms=METADATA_AGE_MS,
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return Connected(producer)
