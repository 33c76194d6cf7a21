"""An operator's note comes on the topic of redriven records, and is decided by nobody."""

from typing import Any

from chassis.configuration.settings import Settings
from chassis.consuming.applier import Applier
from chassis.consuming.batch import Subscription
from chassis.dead_letters.store import DISCARDED
from contracts.envelope import RawHeaders, Record
from contracts.topics import redrive
from tests.unit.chassis.test_dead_letters import AT
from tests.unit.chassis.test_too_much import Transactions

NOTE = (("ce_type", DISCARDED.encode()), ("discard-of", b"1"))


def read(headers: RawHeaders, topic: str = redrive("booking").name) -> object:
    async def nothing(*_: Any) -> list[Any]:
        return []

    subscription = Subscription("booking.commands", (topic,), lambda _: "a command", nothing, nothing)
    applier = Applier(subscription, "booking", Settings(), Transactions())  # type: ignore[arg-type]
    return applier.read(Record(topic, 0, 1, AT, None, b"{}", tuple(headers))).value


def test_a_note_is_not_decoded() -> None:
    assert read(NOTE) is None


def test_a_redriven_record_is_decoded_whatever_its_headers_are() -> None:
    assert read((*NOTE, ("redrive-of", b"2"))) == "a command"


def test_a_stranger_cannot_pass_a_record_off_as_a_note() -> None:
    assert read(NOTE, "booking.commands") == "a command"
