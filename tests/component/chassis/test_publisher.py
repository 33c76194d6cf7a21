"""The producer after a refusal: it is replaced, and whoever asks it how many partitions there are goes on."""

from collections.abc import AsyncIterator

import pytest

from chassis.configuration.settings import Settings
from chassis.errors import PublishFailed
from chassis.kafka.publisher import MAX_REQUEST_BYTES, Publisher
from chassis.topics.creation import ensure_topics
from contracts.envelope import Message
from contracts.topics import BOOKING_EVENTS
from tests.support import World

NAME = BOOKING_EVENTS.name


@pytest.fixture
async def publisher(cluster: World) -> AsyncIterator[Publisher]:
    """Connected."""
    settings = Settings(kafka_bootstrap_servers=cluster.bootstrap, topic_prefix=cluster.topic_prefix)
    await ensure_topics(settings, (BOOKING_EVENTS,))
    found = Publisher(settings, "test")
    await found.start()
    yield found
    await found.stop()


async def refused(publisher: Publisher) -> None:
    with pytest.raises(PublishFailed) as caught:
        await publisher.publish([Message(NAME, b"k", b"x" * MAX_REQUEST_BYTES, ())])
    assert caught.value.refused


async def test_after_a_refusal_it_publishes_again(publisher: Publisher) -> None:
    await refused(publisher)
    await publisher.publish([Message(NAME, b"k", b"x", ())])


async def test_while_it_cannot_be_replaced_it_still_knows_the_partitions(publisher: Publisher) -> None:
    before = await publisher.partitions(NAME)
    settings = publisher._settings
    await refused(publisher)
    publisher._settings = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    with pytest.raises(PublishFailed, match="KafkaConnectionError"):
        await publisher.publish([Message(NAME, b"k", b"x", ())])
    assert await publisher.partitions(NAME) == before
    publisher._settings = settings
    await publisher.publish([Message(NAME, b"k", b"x", ())])
