"""Publishes the messages in the outbox: in order, at least once, with identical ids."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from chassis import clock, telemetry
from chassis.database.transactions import Database
from chassis.errors import PublishFailed
from chassis.health import Health
from chassis.kafka.publisher import Publisher
from chassis.retrying import Alarm, until_done
from contracts.envelope import Message
from services.notifier.store import outbox

log = telemetry.get_logger()

AT_ONCE = 500
GATHER_SECONDS = 0.1
LOOK_EVERY = 5.0  # seconds between looks for messages that a dead process left


class Relay:
    """The way from the outbox to Kafka. `wake` it after a commit that noted messages."""

    def __init__(
        self, database: Database, publisher: Publisher, health: Health, writer: UUID, adopt_after: float
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._health = health
        self._writer = writer
        self._adopt_after = timedelta(seconds=adopt_after)
        self._alarm = Alarm()

    def wake(self) -> None:
        """Look for messages soon."""
        self._alarm.ring()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            self._alarm.reset()
            if not await self.publish_next():
                await self._alarm.rest(min(LOOK_EVERY, self._adopt_after.total_seconds()), GATHER_SECONDS)

    async def drain(self) -> None:
        """Publish all noted messages, then return."""
        while await self.publish_next():
            continue

    async def publish_next(self) -> bool:
        """Publish the next messages and delete them; return False if there were none."""
        async with self._database.transaction() as tx:
            noted = await outbox.next_noted(tx, self._writer, clock.now() - self._adopt_after, AT_ONCE)
        if not noted:
            return False
        await self._publish([message for _, message in noted])
        async with self._database.transaction() as tx:
            await outbox.published(tx, [position for position, _ in noted])
        return True

    async def _publish(self, messages: Sequence[Message]) -> None:
        """Publish, however long it takes, because nothing may be published out of order."""
        waited = False

        def waiting(error: Exception, attempt: int) -> None:
            nonlocal waited
            waited = True
            self._health.waiting("kafka", str(error))
            log.warning("cannot publish", reason=str(error), attempt=attempt)

        await until_done(
            lambda: self._publisher.publish(messages),
            passing=lambda error: isinstance(error, PublishFailed),
            waiting=waiting,
            base=0.2,
        )
        if waited:
            self._health.clear("kafka")
