"""`appointments topics`: what differs is shown, what can be mended is mended, and partitions are only added."""

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from chassis.configuration.settings import Settings
from chassis.kafka.publisher import Publisher
from chassis.topics import administration
from chassis.topics.drift import MAX_BYTES, RETENTION, TIMESTAMP
from contracts.envelope import Message
from contracts.topics import ALL, BOOKING_COMMANDS, BOOKING_EVENTS
from tests.component.cli.conftest import Run

pytestmark = pytest.mark.usefixtures("publisher")  # which makes the topics


async def test_topics_as_we_make_them_differ_in_nothing(run: Run) -> None:
    answer = await run("topics", "--json")
    assert answer.code == 0, answer.err
    assert {row["topic"]: row["differences"] for row in answer.lines} == {topic.name: [] for topic in ALL}
    (commands,) = [row for row in answer.lines if row["topic"] == "booking.commands"]
    assert (commands["partitions"], commands["replication"], commands["records"]) == (3, 1, 0)
    assert commands["settings"][TIMESTAMP] == "LogAppendTime"


async def test_what_differs_is_told_and_mended_and_the_rest_is_let_be(run: Run, settings: Settings) -> None:
    changed = {TIMESTAMP: "CreateTime", "segment.bytes": "33554432", RETENTION: "1500000000"}
    assert await administration.set_settings(settings, {"booking.commands": changed}) == {}

    found = await run("topics", "--json")
    assert found.code == 1
    assert differing(found.lines) == {
        ("booking.commands", TIMESTAMP, "CreateTime", "breaks a guarantee"),
        ("booking.commands", RETENTION, "1500000000", "warning"),
    }

    mended = await run("topics", "--fix", "--json")
    assert differing(mended.lines) == {("booking.commands", RETENTION, "1500000000", "warning")}
    assert mended.code == 1, "a longer retention is a person's to shorten: it deletes"
    assert f"booking.commands: {TIMESTAMP}=LogAppendTime is set" in mended.err
    assert "not mended: topic booking.commands has retention.ms=1500000000" in mended.err
    assert await other_setting(settings, "segment.bytes") == "33554432"
    assert await other_setting(settings, MAX_BYTES) == "1048576"


async def test_uneven_partitions_are_mended_by_a_resize(run: Run, settings: Settings) -> None:
    await administration.add_partitions(settings, ["booking.events"], 4)
    found = await run("topics", "--fix", "--json")
    assert found.code == 1
    assert "appointments topics resize 4" in found.err

    done = await run("topics", "resize", "4", "--yes")
    assert done.code == 0, done.err
    assert done.lines[0]["before"] == {topic.name: 3 for topic in ALL if topic is not BOOKING_EVENTS}
    assert {one.partitions for one in (await administration.describe(settings, ALL)).values()} == {4}
    assert (await run("topics", "--json")).code == 0


async def test_a_resize_to_what_is_there_changes_nothing(run: Run) -> None:
    answer = await run("topics", "resize", "3", "--yes")
    assert (answer.code, answer.lines[0]["before"]) == (0, {})


async def test_no_partition_is_taken_away(run: Run) -> None:
    answer = await run("topics", "resize", "2", "--yes")
    assert answer.code == 7
    assert "Kafka takes none away" in answer.err


async def test_a_resize_waits_for_nobody_who_is_not_there(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    """A command lies undecided and booking does not run: to add partitions now would let later ones overtake it."""
    await publisher.publish([Message("booking.commands", b"o", b"{}", ())])
    answer = await run("topics", "resize", "6", "--yes", "--wait", "1")
    assert answer.code == 7
    assert "booking.commands has 1 records of booking.commands/" in answer.err
    (commands,) = (await administration.describe(settings, [BOOKING_COMMANDS])).values()
    assert commands.partitions == 3


async def test_nobody_is_asked_twice_and_no_means_no(run: Run, settings: Settings) -> None:
    assert (await run("topics", "resize", "6", stdin="n\n")).code == 1
    (commands,) = (await administration.describe(settings, [BOOKING_COMMANDS])).values()
    assert commands.partitions == 3


def differing(rows: list[dict[str, object]]) -> set[tuple[object, ...]]:
    """Topic, setting, value and severity of each difference."""
    return {
        (row["topic"], one["setting"], one["found"], one["severity"])
        for row in rows
        for one in row["differences"]  # type: ignore[attr-defined]
    }


async def other_setting(settings: Settings, name: str) -> str:
    """A setting of booking.commands, also one that no contract knows."""
    async with administration.administrator(settings) as admin:
        topic = settings.topic_prefix + "booking.commands"
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, {name: None})
        (answer,) = await admin.describe_configs([resource])
    return str(answer.resources[0][4][0][1])
