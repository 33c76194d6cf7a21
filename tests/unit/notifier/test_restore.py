"""Preferences from the notifier's own events, for a database that has lost them."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import orjson

from contracts.catalog import BY_NAME
from contracts.envelope import Envelope, Record
from contracts.tools.samples import GOOD, JONAS, ORGANIZATION
from services.notifier.preferences.restore import newest

_offsets = count()


def told(name: str, **changes: Any) -> Record:
    """The sample of this kind as it is read from its topic."""
    kind = BY_NAME[name]
    envelope = Envelope(uuid4(), kind.ce_type, organization=UUID(ORGANIZATION))
    message = envelope.message(kind.topic.name, orjson.dumps(GOOD[name] | changes))
    at = datetime(2028, 3, 1, tzinfo=UTC)
    return Record(message.topic, 0, next(_offsets), at, message.key, message.value, message.headers)


def own(version: int, **channels: bool) -> Record:
    """Jonas's preferences in a version."""
    return told(
        "preferences.changed", version=version, preferences={"channels": channels, "version": version}
    )


def test_the_highest_version_counts_in_whatever_order() -> None:
    found = newest([own(2, sms=False), own(3, sms=True), own(1)])
    organization, preferences = found.persons[UUID(JONAS)]
    assert organization == UUID(ORGANIZATION)
    assert (preferences.version, preferences.channels) == (3, {"sms": True})


def test_an_organizations_rules_are_found_too() -> None:
    found = newest([told("organization_preferences.changed"), told("notification.sent")])
    assert (len(found.persons), len(found.organizations)) == (0, 1)


def test_the_newest_word_on_each_channel_is_found() -> None:
    found = newest(
        [told("channel.restored"), told("channel.suspended"), told("channel.suspended", channel="sms")]
    )
    assert {
        channel: (one.version, one.restored_at is None) for (_, channel), one in found.channels.items()
    } == {
        "email": (2, False),
        "sms": (1, True),
    }


def test_what_cannot_be_read_says_nothing() -> None:
    broken = told("preferences.changed", version="many")
    nameless = Record("notifier.events", 0, 0, broken.timestamp, None, broken.value, ())
    assert newest([broken, nameless]).persons == {}
