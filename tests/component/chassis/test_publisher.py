"""The producer after a refusal: it is replaced, and whoever asks it how many partitions there are goes on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.configuration.settings import Settings
from chassis.errors import PublishFailed
from chassis.kafka.producing import MAX_REQUEST_BYTES, Connected, connect
from chassis.kafka.publisher import Publisher
from chassis.topics.creation import ensure_topics
from contracts.envelope import Message
from contracts.topics import BOOKING_EVENTS
from tests.support import World, eventually

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


async def test_who_sends_elsewhere_does_not_wait_for_a_new_producer(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (Message(NAME, None, b"x", (), partition=number) for number in (0, 1))
    with pytest.raises(PublishFailed):
        await publisher.publish([Message(NAME, None, b"x" * MAX_REQUEST_BYTES, (), partition=0)])
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*settings: Any) -> Connected:
        begun.set()
        await go_on.wait()
        return await connect(*settings)

    monkeypatch.setattr("chassis.kafka.publisher.connect", slowly)
    waiting = asyncio.create_task(publisher.publish([one]))
    await begun.wait()
    await asyncio.wait_for(publisher.publish([other]), 30)
    assert not waiting.done()
    go_on.set()
    await waiting
    await publisher.publish([one, other])


async def test_who_hangs_on_the_old_producer_keeps_nobody_from_the_new_one(publisher: Publisher) -> None:
    await refused(publisher)
    with publisher._present().in_use():
        again = asyncio.create_task(publisher.publish([Message(NAME, b"k", b"x", ())]))
        old = publisher._present()
        await eventually(lambda: publisher._present() is not old, 30)
        await asyncio.wait_for(publisher.publish([Message(NAME, b"k", b"y", ())]), 30)
    await again


async def test_a_producer_that_has_died_is_replaced_at_once(publisher: Publisher) -> None:
    task = publisher._present().producer._sender.sender_task
    task.cancel()
    await asyncio.wait([task])
    await publisher.publish([Message(NAME, b"k", b"x", ())])
