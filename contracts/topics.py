"""Every topic of the fleet: the owner of its contract, its key, its retention.

The partition key of all our topics is the organization: it is the conflict domain, so whatever can
conflict is decided in one order, by one owner. `booking.outcomes` and `notifier.outcomes` may instead
be addressed to the partition that the command's `reply-partition` header names.
"""

from dataclasses import dataclass
from typing import Literal

DAY_MS = 86_400_000
FOREVER = -1
MIB = 1_048_576


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is created on the broker.

    `retention_ms` is in milliseconds (-1: kept forever, never compacted); `max_message_bytes` bounds one record.
    All topics use `message.timestamp.type=LogAppendTime`: the broker's clock is the decision time.
    """

    name: str
    owner: str
    retention_ms: int
    kind: Literal["commands", "events", "outcomes", "dead-letters", "redrive"]
    description: str
    max_message_bytes: int = MIB

    def config(self) -> dict[str, str]:
        """Broker settings of this topic, as Kafka spells them."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
        }


BOOKING_COMMANDS = Topic(
    "booking.commands",
    "booking",
    14 * DAY_MS,
    "commands",
    "Commands to appointments, from people and services.",
)
BOOKING_EVENTS = Topic(
    "booking.events",
    "booking",
    FOREVER,
    "events",
    "Events of appointments, with the full state after each change.",
)
BOOKING_OUTCOMES = Topic(
    "booking.outcomes",
    "booking",
    7 * DAY_MS,
    "outcomes",
    "Exactly one outcome for each command: accepted or refused.",
)
REMINDERS_EVENTS = Topic(
    "reminders.events",
    "reminders",
    14 * DAY_MS,
    "events",
    "Reminders that are due, or were missed, and follow-ups.",
)
NOTIFIER_COMMANDS = Topic(
    "notifier.commands",
    "notifier",
    14 * DAY_MS,
    "commands",
    "Commands that set notification preferences.",
)
NOTIFIER_OUTCOMES = Topic(
    "notifier.outcomes", "notifier", 7 * DAY_MS, "outcomes", "One outcome for each notifier command."
)
NOTIFIER_EVENTS = Topic(
    "notifier.events",
    "notifier",
    FOREVER,
    "events",
    "The life of every notification, and changed preferences.",
)
COMMUNICATION_EVENTS = Topic(
    "communication.events",
    "communication",
    14 * DAY_MS,
    "events",
    "Delivery reports of the Communication Service.",
)
PROJECTOR_EVENTS = Topic("projector.events", "projector", DAY_MS, "events", "Changes of the views.")

WORKERS = ("booking", "reminders", "notifier", "projector")


def dead_letters(service: str) -> Topic:
    """Return the topic for records that `service` cannot apply, with their cause."""
    return Topic(
        f"{service}.dead-letters",
        service,
        30 * DAY_MS,
        "dead-letters",
        f"Records that {service} could not apply.",
        2 * MIB,
    )


def redrive(service: str) -> Topic:
    """Records of `service` to be tried again; only that service reads it. Kept for as long as the dead letters."""
    return Topic(
        f"{service}.redrive",
        service,
        30 * DAY_MS,
        "redrive",
        f"Dead letters that {service} tries again.",
        2 * MIB,
    )


ALL: tuple[Topic, ...] = (
    BOOKING_COMMANDS,
    BOOKING_EVENTS,
    BOOKING_OUTCOMES,
    REMINDERS_EVENTS,
    NOTIFIER_COMMANDS,
    NOTIFIER_OUTCOMES,
    NOTIFIER_EVENTS,
    COMMUNICATION_EVENTS,
    PROJECTOR_EVENTS,
    *(dead_letters(worker) for worker in WORKERS),
    *(redrive(worker) for worker in WORKERS),
)
DECIDED_BY_TIME = frozenset(topic.name for topic in ALL if topic.kind in ("commands", "redrive"))
"""Topics whose records are decided at their own time."""
