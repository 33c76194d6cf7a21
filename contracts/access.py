"""Writers and readers of each topic: the services (from `flows`), `cli` for operators, and outside programs."""

from contracts.flows import FLOWS
from contracts.topics import (
    ALL,
    BOOKING_COMMANDS,
    BOOKING_OUTCOMES,
    COMMUNICATION_EVENTS,
    NOTIFIER_COMMANDS,
    NOTIFIER_OUTCOMES,
    Topic,
)

_OTHER_WRITERS = {
    BOOKING_COMMANDS: ("cli", "any client"),
    NOTIFIER_COMMANDS: ("cli",),
    COMMUNICATION_EVENTS: ("communication",),
}
_OTHER_READERS = {BOOKING_OUTCOMES: ("cli",), NOTIFIER_OUTCOMES: ("cli",)}


def writers(topic: Topic) -> tuple[str, ...]:
    """The processes that publish to it."""
    services = tuple(name for name, flow in FLOWS.items() if topic in flow.writes)
    # The command line sends letters back, and notes there which ones were discarded.
    others = ("cli",) if topic.kind == "redrive" else _OTHER_WRITERS.get(topic, ())
    return services + others


def readers(topic: Topic) -> tuple[str, ...]:
    """The processes that read it, to act on it."""
    services = tuple(
        name
        for name, flow in FLOWS.items()
        if topic in flow.reads or any(topic in topics for topics in flow.groups.values())
    )
    others = ("cli",) if topic.kind == "dead-letters" else _OTHER_READERS.get(topic, ())
    return services + others


def read_by(name: str) -> list[Topic]:
    """The topics that a process reads."""
    return [topic for topic in ALL if name in readers(topic)]
