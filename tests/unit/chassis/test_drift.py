"""The report about a topic that differs from its contract."""

import pytest

from chassis.configuration.settings import Settings
from chassis.topics.creation import differences
from chassis.topics.drift import (
    BREAKS,
    CLEANUP,
    FIX,
    IN_SYNC,
    MAX_BYTES,
    RETENTION,
    RETENTION_BYTES,
    TIMESTAMP,
    UNCLEAN,
    WARNS,
    Actual,
    Difference,
    drift,
    sized,
    uneven,
)
from contracts.topics import (
    ALL,
    BOOKING_COMMANDS,
    BOOKING_EVENTS,
    BOOKING_OUTCOMES,
    NOTIFIER_COMMANDS,
    PROJECTOR_EVENTS,
    Topic,
    dead_letters,
)

LETTERS = dead_letters("booking")


def as_made(
    topic: Topic, partitions: int = 6, changes: dict[str, str] | None = None, replication: int = 1
) -> Actual:
    """The topic as we make it, but for these settings."""
    settings = {RETENTION_BYTES: "-1", IN_SYNC: "1", UNCLEAN: "false", **topic.config()}
    return Actual(partitions, replication, settings | (changes or {}))


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_a_topic_that_we_made_does_not_differ(topic: Topic) -> None:
    assert drift(topic, as_made(topic)) == []


@pytest.mark.parametrize(
    ("topic", "setting", "value", "severity", "mends"),
    [
        (BOOKING_COMMANDS, TIMESTAMP, "CreateTime", BREAKS, "LogAppendTime"),
        (BOOKING_EVENTS, CLEANUP, "compact", BREAKS, "delete"),
        (BOOKING_EVENTS, CLEANUP, "compact,delete", BREAKS, "delete"),
        (BOOKING_COMMANDS, RETENTION, "604800000", BREAKS, "1209600000"),
        (BOOKING_COMMANDS, RETENTION, "-1", WARNS, None),
        (BOOKING_COMMANDS, RETENTION, "1209600001", WARNS, None),
        (BOOKING_EVENTS, RETENTION, "999999999999", BREAKS, "-1"),
        (BOOKING_EVENTS, RETENTION_BYTES, "1073741824", BREAKS, "-1"),
        (LETTERS, MAX_BYTES, "1048588", BREAKS, "2097152"),
        (BOOKING_COMMANDS, MAX_BYTES, "104857600", BREAKS, "1048576"),
        (BOOKING_COMMANDS, MAX_BYTES, "1000000", BREAKS, "1048576"),
        (PROJECTOR_EVENTS, MAX_BYTES, "104857600", WARNS, "1048576"),
        (PROJECTOR_EVENTS, UNCLEAN, "true", WARNS, "false"),
    ],
)
def test_a_setting_that_differs(
    topic: Topic, setting: str, value: str, severity: str, mends: str | None
) -> None:
    (found,) = drift(topic, as_made(topic, changes={setting: value}))
    assert (found.topic, found.setting, found.found) == (topic.name, setting, value)
    assert (found.severity, found.mends) == (severity, mends)
    assert (found.remedy == FIX) is (mends is not None), "whatever --fix mends says so, and nothing else"


def test_the_sentence_names_topic_setting_value_need_and_remedy() -> None:
    (found,) = drift(BOOKING_COMMANDS, as_made(BOOKING_COMMANDS, changes={TIMESTAMP: "CreateTime"}))
    assert found.sentence == (
        "topic booking.commands has message.timestamp.type=CreateTime and needs LogAppendTime: the writer's clock "
        "would be the decision time (remedy: appointments topics --fix)"
    )


@pytest.mark.parametrize(
    ("replication", "in_sync", "differs"),
    [(1, "1", False), (2, "1", False), (3, "1", True), (3, "2", False), (3, "3", True), (5, "3", False)],
)
def test_three_replicas_need_two_in_sync(replication: int, in_sync: str, differs: bool) -> None:
    found = drift(
        BOOKING_EVENTS, as_made(BOOKING_EVENTS, replication=replication, changes={IN_SYNC: in_sync})
    )
    assert [one.setting for one in found] == ([IN_SYNC] if differs else [])


def test_settings_that_may_not_be_asked_for_are_taken_as_right() -> None:
    assert drift(BOOKING_COMMANDS, Actual(6, 1, None)) == []


def test_topics_of_one_owner_have_equally_many_partitions() -> None:
    found = uneven(
        {
            BOOKING_COMMANDS: as_made(BOOKING_COMMANDS, 6),
            BOOKING_EVENTS: as_made(BOOKING_EVENTS, 12),
            BOOKING_OUTCOMES: as_made(BOOKING_OUTCOMES, 12),
            NOTIFIER_COMMANDS: as_made(NOTIFIER_COMMANDS, 3),
            LETTERS: as_made(LETTERS, 1),
        }
    )
    assert [(one.topic, one.found, one.needed, one.severity) for one in found] == [
        ("booking.commands", "6", "12", BREAKS)
    ]
    assert found[0].remedy == "appointments topics resize 12"


def test_another_size_than_configured_is_a_warning() -> None:
    assert sized({BOOKING_EVENTS: as_made(BOOKING_EVENTS, 6)}, 6, 1) == []
    few, many = sized({BOOKING_EVENTS: as_made(BOOKING_EVENTS, 3), LETTERS: as_made(LETTERS, 12)}, 6, 1)
    assert few.severity == many.severity == WARNS
    assert few.remedy == "appointments topics resize 6"
    assert many.remedy.startswith("TOPIC_PARTITIONS=12")
    (copies,) = sized({BOOKING_EVENTS: as_made(BOOKING_EVENTS, 6, replication=1)}, 6, 3)
    assert (copies.setting, copies.found, copies.needed) == ("replication", "1", "3")


def test_what_breaks_a_guarantee_comes_first() -> None:
    found: list[Difference] = differences(
        Settings(topic_partitions=6),
        [BOOKING_COMMANDS, BOOKING_EVENTS],
        {BOOKING_COMMANDS: as_made(BOOKING_COMMANDS, 3, {TIMESTAMP: "CreateTime"})},
    )
    assert [(one.topic, one.setting, one.severity) for one in found] == [
        ("booking.events", "topic", BREAKS),
        ("booking.commands", TIMESTAMP, BREAKS),
        ("booking.commands", "partitions", WARNS),
    ]
