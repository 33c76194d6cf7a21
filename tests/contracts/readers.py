"""Every reader of the fleet, by the topics that its `main.py` gives it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from contracts import topics
from contracts.envelope import Record
from services.booking.messages import commands as booking
from services.ingress.commands.visibility import Visibility
from services.ingress.domain.memory import ChangeMemory
from services.ingress.domain.shares import Shares
from services.ingress.live.streams import Live
from services.notifier.messages import incoming as notifier
from services.notifier.preferences import restore
from services.projector.messages import incoming as projector
from services.reminders.messages import incoming as reminders


@dataclass(frozen=True, slots=True)
class Reader:
    """`read` returns something true for what concerns it, and raises when it cannot read a record."""

    name: str
    topics: tuple[str, ...]
    read: Callable[[Record], Any]


def _live(record: Record) -> bool:
    """Whether a stream, or somebody who waits for a version, gets to know."""
    memory, visibility = ChangeMemory(600, 100, 1), Visibility(2.0)
    memory.begin(0, record.offset)
    fetched = SimpleNamespace(
        partition=0,
        offset=record.offset,
        value=record.value,
        headers=record.headers,
        timestamp=record.timestamp.timestamp() * 1000,
    )
    pauses: list[float] = []
    Live(memory, visibility, 10, pauses.append, Shares(1, 1, 1)).handle([fetched])
    return bool(pauses or visibility._versions or list(memory.since([record.offset]) or ()))


def _restored(record: Record) -> bool:
    found = restore.newest([record])
    return bool(found.persons or found.organizations or found.channels)


def _accepted(decode: Callable[[Record], Any]) -> Callable[[Record], bool]:
    """Whether a command can be carried out as it is."""

    def read(record: Record) -> bool:
        command = decode(record)
        asked = command.command if hasattr(command, "command") else command.asked
        return type(asked).__name__ != "Refusal"

    return read


READERS = (
    Reader("booking", (topics.BOOKING_COMMANDS.name,), _accepted(booking.decode)),
    Reader("notifier, commands", (topics.NOTIFIER_COMMANDS.name,), _accepted(notifier.decode)),
    Reader(
        "notifier",
        (topics.BOOKING_EVENTS.name, topics.REMINDERS_EVENTS.name, topics.COMMUNICATION_EVENTS.name),
        notifier.decode,
    ),
    Reader("notifier, restored", (topics.NOTIFIER_EVENTS.name,), _restored),
    Reader(
        "projector",
        (
            topics.BOOKING_EVENTS.name,
            topics.BOOKING_OUTCOMES.name,
            topics.NOTIFIER_EVENTS.name,
            topics.NOTIFIER_OUTCOMES.name,
        ),
        projector.read,
    ),
    Reader("reminders", (topics.BOOKING_EVENTS.name,), reminders.read_appointment),
    Reader("reminders, preferences", (topics.NOTIFIER_EVENTS.name,), reminders.read_preferences),
    Reader("ingress", (topics.PROJECTOR_EVENTS.name,), _live),
)
