"""Topics on a real broker: read as they are, told apart from their contract, mended and nothing else changed."""

import asyncio

import pytest

from chassis.configuration.settings import Settings
from chassis.health import Health
from chassis.topics import administration
from chassis.topics.creation import PART, check_topics, ensure_topics, look_again, until_sound
from chassis.topics.drift import MAX_BYTES, RETENTION, TIMESTAMP
from contracts.topics import ALL, BOOKING_COMMANDS, BOOKING_EVENTS, BOOKING_OUTCOMES, PROJECTOR_EVENTS
from tests.support import World, eventually

BOOKING = (BOOKING_COMMANDS, BOOKING_EVENTS, BOOKING_OUTCOMES)


@pytest.fixture
def settings(cluster: World) -> Settings:
    """The world's settings."""
    return Settings(
        kafka_bootstrap_servers=cluster.bootstrap, topic_prefix=cluster.topic_prefix, topic_partitions=2
    )


async def test_topics_that_we_made_are_right(settings: Settings) -> None:
    await ensure_topics(settings)
    assert await check_topics(settings, ALL) == []


async def test_absent_topics_are_told_and_not_made(settings: Settings) -> None:
    await ensure_topics(settings, (BOOKING_COMMANDS,))
    found = await check_topics(settings, BOOKING)
    assert [(one.topic, one.found) for one in found] == [
        ("booking.events", "absent"),
        ("booking.outcomes", "absent"),
    ]
    assert set(await administration.describe(settings, BOOKING)) == {BOOKING_COMMANDS}


async def test_a_setting_is_changed_and_the_others_are_left_alone(settings: Settings) -> None:
    await ensure_topics(settings, (PROJECTOR_EVENTS,))
    refused = await administration.set_settings(settings, {"projector.events": {MAX_BYTES: "2000000"}})
    assert refused == {}
    (actual,) = (await administration.describe(settings, [PROJECTOR_EVENTS])).values()
    wanted = PROJECTOR_EVENTS.config() | {MAX_BYTES: "2000000"}
    assert actual.settings is not None
    assert {name: actual.settings[name] for name in wanted} == wanted


async def test_what_the_broker_refuses_is_told(settings: Settings) -> None:
    await ensure_topics(settings, (PROJECTOR_EVENTS,))
    refused = await administration.set_settings(settings, {"projector.events": {RETENTION: "soon"}})
    assert list(refused) == ["projector.events"]
    assert "soon" in refused["projector.events"]


async def test_new_topics_are_as_large_as_those_that_exist(settings: Settings) -> None:
    await ensure_topics(settings, (BOOKING_COMMANDS,))
    await administration.add_partitions(settings, ["booking.commands"], 4)
    await ensure_topics(settings, BOOKING)
    found = await administration.describe(settings, BOOKING)
    assert {actual.partitions for actual in found.values()} == {4}


async def test_who_uses_a_broken_topic_waits_until_it_is_mended(settings: Settings) -> None:
    await ensure_topics(settings, BOOKING)
    await stamp_commands(settings, "CreateTime")
    health = Health("test", started=True)
    waiting = asyncio.create_task(until_sound(settings, BOOKING, health))
    try:
        reason = await eventually(lambda: health_reason(health), 20)
        assert "booking.commands has message.timestamp.type=CreateTime and needs LogAppendTime" in reason
        assert health.live
        assert not health.ready
        assert not waiting.done()
        await administration.set_settings(settings, {"booking.commands": {TIMESTAMP: "LogAppendTime"}})
        await asyncio.wait_for(waiting, 20)
        assert health.ready
    finally:
        waiting.cancel()


async def test_a_service_at_work_says_when_a_topic_is_broken_under_it(settings: Settings) -> None:
    await ensure_topics(settings, BOOKING)
    health = Health("test", started=True)
    await look_again(settings, BOOKING, health)
    assert health.ready
    await stamp_commands(settings, "CreateTime")
    await look_again(settings, BOOKING, health)
    assert "message.timestamp.type=CreateTime" in health_reason(health)
    await stamp_commands(settings, "LogAppendTime")
    await look_again(settings, BOOKING, health)
    assert health.ready


async def stamp_commands(settings: Settings, by: str) -> None:
    """Change how commands get their time. A broker shows a changed setting only after a moment."""
    await administration.set_settings(settings, {"booking.commands": {TIMESTAMP: by}})

    async def shown() -> bool:
        (actual,) = (await administration.describe(settings, [BOOKING_COMMANDS])).values()
        return actual.settings is not None and actual.settings[TIMESTAMP] == by

    await eventually(shown, 20)


def health_reason(health: Health) -> str:
    """Why the topics keep the process from working; empty when they do not."""
    return health._down.get(PART, "")
