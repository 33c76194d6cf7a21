"""Topics that each service reads and writes: checked at start, drained before a resize, allowed by ACLs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from contracts.topics import (
    ALL,
    BOOKING_COMMANDS,
    BOOKING_EVENTS,
    BOOKING_OUTCOMES,
    COMMUNICATION_EVENTS,
    NOTIFIER_COMMANDS,
    NOTIFIER_EVENTS,
    NOTIFIER_OUTCOMES,
    PROJECTOR_EVENTS,
    REMINDERS_EVENTS,
    Topic,
    dead_letters,
    redrive,
)


@dataclass(frozen=True, slots=True)
class Flow:
    """A service's topics: `groups` by the name of the consumer group that reads them, `reads` without a group."""

    writes: tuple[Topic, ...]
    groups: Mapping[str, tuple[Topic, ...]] = field(default_factory=dict)
    reads: tuple[Topic, ...] = ()


FLOWS: Mapping[str, Flow] = {
    "booking": Flow(
        (BOOKING_EVENTS, BOOKING_OUTCOMES, BOOKING_COMMANDS, dead_letters("booking")),
        {"booking.commands": (BOOKING_COMMANDS, redrive("booking"))},
        (BOOKING_OUTCOMES,),  # its own, after its database was set back
    ),
    "reminders": Flow(
        (REMINDERS_EVENTS, BOOKING_COMMANDS, dead_letters("reminders")),
        {
            "reminders.appointments": (BOOKING_EVENTS, redrive("reminders")),
            "reminders.preferences": (NOTIFIER_EVENTS, redrive("reminders")),
        },
    ),
    "notifier": Flow(
        (NOTIFIER_EVENTS, NOTIFIER_OUTCOMES, dead_letters("notifier")),
        {
            "notifier.events": (BOOKING_EVENTS, REMINDERS_EVENTS, redrive("notifier")),
            "notifier.commands": (NOTIFIER_COMMANDS,),
            "notifier.reports": (COMMUNICATION_EVENTS,),
        },
        (NOTIFIER_OUTCOMES,),
    ),
    "projector": Flow(
        (PROJECTOR_EVENTS, dead_letters("projector")),
        {
            "projector.calendar": (BOOKING_EVENTS, redrive("projector")),
            "projector.commands": (BOOKING_OUTCOMES,),
            "projector.preference-commands": (NOTIFIER_OUTCOMES,),
            "projector.notifications": (NOTIFIER_EVENTS,),
        },
    ),
    "ingress": Flow(
        (BOOKING_COMMANDS, NOTIFIER_COMMANDS, COMMUNICATION_EVENTS),
        reads=(BOOKING_OUTCOMES, NOTIFIER_OUTCOMES, PROJECTOR_EVENTS),
    ),
}

GROUPS: Mapping[str, tuple[Topic, ...]] = {
    name: topics for flow in FLOWS.values() for name, topics in flow.groups.items()
}

_BY_NAME = {topic.name: topic for topic in ALL}


def used_by(service: str, reads: Iterable[str] = ()) -> tuple[Topic, ...]:
    """Every topic that a service uses, each once; `reads` adds topics by name, those that have no contract left out."""
    flow = FLOWS.get(service, Flow(()))
    named = [_BY_NAME[name] for name in reads if name in _BY_NAME]
    grouped = [topic for topics in flow.groups.values() for topic in topics]
    return tuple(dict.fromkeys([*named, *grouped, *flow.reads, *flow.writes]))
