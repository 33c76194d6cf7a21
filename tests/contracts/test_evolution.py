"""Today's readers read everything that was ever published, and cope with a later release's messages.

The rules are in docs/adr/0027-readers-tolerate-newer-writers.md.
"""

import copy
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chassis.consuming.newer import NeedsNewer
from chassis.errors import InvalidMessage
from contracts.catalog import BY_NAME, MESSAGE_TYPES, MessageType
from contracts.envelope import Record
from contracts.fields import Channel, Confirmation, Status
from contracts.notifications import DeliveryState, NotificationType
from contracts.outcomes import Code
from contracts.series import Scope, SeriesChange
from contracts.tools.generate import FOLDER, archive_path, generated
from services.projector.messages.incoming import Fact
from tests.contracts.readers import READERS, Reader

ARCHIVE = sorted((FOLDER / "archive").glob("*.json"))
LATER = "of_a_later_release"
APPENDED = datetime(2028, 3, 1, 12, tzinfo=UTC)
ENUMERATED: dict[str, Any] = {
    "status": {*Status, "accepted", "refused", "waiting"},
    "channel": set(Channel),
    "channels": set(Channel),
    "type": set(NotificationType),
    "state": set(DeliveryState),
    "priority": {"normal", "high"},
    "code": set(Code),
    "change": set(SeriesChange),
    "scope": set(Scope),
    "confirmation_status": set(Confirmation),
}
KEYED = ("reminder_settings", "lead_times", "types", "mandatory")
"""Fields whose keys are channels, or types of notifications."""

MAPS = ("confirmation_status", "checked_in", "custom_fields", *KEYED)

ACTING = ("notifier", "reminders")
"""These decide by an appointment's status, and the notifier by what happened to a series: they wait for a newer release."""


def _sample(path: Path) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(path.read_text())
    return sample


def _example(message: MessageType) -> dict[str, Any]:
    return _sample(FOLDER / "examples" / f"{message.name}.valid.json")


def _kind(path: Path) -> MessageType:
    return BY_NAME[path.name.rsplit(".", 2)[0]]


def _record(sample: dict[str, Any], **headers: str) -> Record:
    given = {**sample["headers"], **headers}
    return Record(
        sample["topic"],
        0,
        7,
        APPENDED,
        None,
        json.dumps(sample["value"]).encode(),
        tuple((name, text.encode()) for name, text in given.items()),
    )


def _readers(message: MessageType) -> list[Reader]:
    """Those whom a message of this kind concerns."""
    record = _record(_example(message))
    return [one for one in READERS if message.topic.name in one.topics and one.read(record)]


OLD = [
    pytest.param(path, reader, id=f"{path.stem} {reader.name}")
    for path in ARCHIVE
    for reader in _readers(_kind(path))
]
EVENTS: list[Any] = [
    pytest.param(message, reader, id=f"{message.name} {reader.name}")
    for message in MESSAGE_TYPES
    if message.topic.kind != "commands"
    for reader in _readers(message)
]


def test_every_kind_of_message_has_a_reader() -> None:
    read = {param.values[0].name for param in EVENTS}
    unread = {m.name for m in MESSAGE_TYPES if m.topic.kind != "commands"} - read
    assert unread == {"reminder.missed"}, "that one is for people who look at the log"


@pytest.mark.parametrize(("path", "reader"), OLD)
def test_what_was_published_once_is_read_by_todays_readers(path: Path, reader: Reader) -> None:
    assert reader.read(_record(_sample(path)))


def test_the_archive_has_every_kind_as_it_is_now_and_nothing_in_it_was_changed() -> None:
    wanted = generated()
    for message in MESSAGE_TYPES:
        text = wanted[f"examples/{message.name}.valid.json"]
        assert (FOLDER / archive_path(message.name, text)).exists(), "run: appointments contracts"
    for path in ARCHIVE:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        assert path.name.rsplit(".", 2)[1] == digest, f"{path.name} is not what was published"


@pytest.mark.parametrize(("message", "reader"), EVENTS)
def test_fields_of_a_later_release_are_ignored_at_any_depth(message: MessageType, reader: Reader) -> None:
    sample = _example(message)
    sample["value"] = _with_more(sample["value"])
    assert reader.read(_record(sample, dataschema="2"))


def _with_more(value: Any) -> Any:
    """The same with a field more in each object, but for those that map ids or channels."""
    if isinstance(value, list):
        return [_with_more(item) for item in value]
    if not isinstance(value, dict):
        return value
    more = {name: _with_more(item) if name not in MAPS else item for name, item in value.items()}
    if isinstance(value.get("types"), dict):
        more["types"] = {kind: _with_more(switches) for kind, switches in value["types"].items()}
    return more | {LATER: {"deep": [1]}}


def _enumerated(
    value: Any, path: tuple[Any, ...] = (), name: str = ""
) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Where a value of an enumeration stands; of a map, the key."""
    if isinstance(value, dict):
        for key, item in value.items():
            if name in KEYED:
                yield (*path, key, "[key]"), name
            below = name if name == "confirmation_status" else key
            yield from _enumerated(item, (*path, key), below)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _enumerated(item, (*path, number), name)
    elif name in ENUMERATED and value in ENUMERATED[name]:
        yield path, name


def _with_later_value(sample: dict[str, Any], where: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(sample)
    *way, last = where[:-1] if where[-1] == "[key]" else where
    place = changed["value"]
    for step in way:
        place = place[step]
    if where[-1] == "[key]":
        place[LATER] = place.pop(last)
    else:
        place[last] = LATER
    return changed


def _waits(reader: Reader, where: tuple[Any, ...], message: MessageType) -> bool:
    if reader.name not in ACTING or message.topic.kind != "events":
        return False
    if "template" in where:
        return False  # only booking reads a series' template, when it is rebuilt
    return where[-2:] == ("appointment", "status") or where == ("change",)


PLACES: list[Any] = [
    pytest.param(*param.values, where, id=f"{param.id} {'.'.join(map(str, where))}")
    for param in EVENTS
    for where, _ in _enumerated(_example(param.values[0])["value"])
    if (param.values[0].topic.name, where) != ("communication.events", ("type",))
]


@pytest.mark.parametrize(("message", "reader", "where"), PLACES)
def test_a_value_of_a_later_release_is_carried_through_or_waited_for(
    message: MessageType, reader: Reader, where: tuple[Any, ...]
) -> None:
    """Never is an event set aside because of it: that would be a hole until somebody redrives it."""
    record = _record(_with_later_value(_example(message), where))
    if _waits(reader, where, message):
        with pytest.raises(NeedsNewer, match=LATER):
            reader.read(record)
        return
    found = reader.read(record)
    assert found
    if (
        isinstance(found, Fact)
        and where[-1] in ("status", "state", "channel")
        and message.name != "series.changed"
    ):
        assert LATER in repr(found.body)


def test_the_places_are_found() -> None:
    """The instrument: without it the test above could be empty."""
    assert {param.values[2][-1] for param in PLACES} >= {
        "status",
        "channel",
        "state",
        "[key]",
        "change",
        "scope",
    }


@pytest.mark.parametrize(
    "reader", [one for one in READERS if one.name in ("projector", *ACTING)], ids=lambda one: one.name
)
def test_an_unknown_event_of_an_appointment_is_read_by_its_state(reader: Reader) -> None:
    sample = _example(BY_NAME["appointment.updated"])
    assert reader.read(_record(sample, ce_type="appointment.postponed"))
    del sample["value"]["appointment"]
    with pytest.raises(NeedsNewer, match=r"appointment\.postponed"):
        reader.read(_record(sample, ce_type="appointment.postponed"))
    with pytest.raises(InvalidMessage):
        reader.read(_record(sample))


@pytest.mark.parametrize(
    "reader", [one for one in READERS if "booking.events" in one.topics], ids=lambda one: one.name
)
def test_an_event_of_an_unknown_family_is_passed_over(reader: Reader) -> None:
    sample = _example(BY_NAME["appointment.updated"])
    assert reader.read(_record(sample, ce_type="room.created")) is None


def test_commands_stay_strict() -> None:
    for reader, name in ((READERS[0], "appointment.create"), (READERS[1], "preferences.set")):
        sample = _example(BY_NAME[name])
        assert reader.read(_record(sample))
        sample["value"][LATER] = 1
        assert not reader.read(_record(sample))
