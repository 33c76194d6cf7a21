"""A model of the producer: publishes in order, sometimes a part only, and is refused for a while."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.configuration.settings import Settings
from chassis.errors import PublishFailed
from chassis.kafka.publisher import Publisher
from contracts.envelope import Message
from tests.simulation.world import World


@dataclass
class OutTopic:
    """Where everything is published to; `refused_until`: nothing is accepted before."""

    world: World
    refused_until: float = 0.0

    def append(self, message: Message) -> None:
        """Acknowledge one message."""
        position = position_of(message)
        self.world.published[position].append(message)
        if len(self.world.published[position]) == 1:
            self.world.order.append(position)


class ModelPublisher(Publisher):
    """One process's producer."""

    def __init__(self, settings: Settings, topic: OutTopic) -> None:
        super().__init__(settings, client_id="model")
        self._topic = topic

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order. Raises PublishFailed; those before the failure are published."""
        world = self._topic.world
        for number, message in enumerate(messages):
            if number % 7 == 0:
                await world.lag()
            if world.now < self._topic.refused_until or world.happens("publish failed", 0.002):
                raise PublishFailed("the model refuses")
            self._topic.append(message)
        if messages:
            await world.lag()


def position_of(message: Message) -> str:
    """The position of the record that a message follows from."""
    headers = dict(message.headers)
    if cause := headers.get("cause"):
        return cause.decode()
    return "/".join(headers[f"dead-letter-{name}"].decode() for name in ("topic", "partition", "offset"))
