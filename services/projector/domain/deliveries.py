"""The newest state of each delivery, whatever order its states arrive in."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

# planned, held and retrying are one stage, in which only attempts and the next attempt tell what is newer.
_STAGE = {
    "planned": 0,
    "held": 0,
    "retrying": 0,
    "sent": 1,
    "failed": 3,
    "expired": 4,
    "dead_lettered": 5,
    "delivered": 6,
    "bounced": 7,
}
_UNKNOWN_STAGE = 2  # a state that a newer release tells: it shows, until one comes that is known to be an end
_SENT = frozenset(("sent", "delivered", "bounced"))
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery (one recipient, one channel) after its state changed. Instants are UTC."""

    id: UUID
    organization_id: UUID
    appointment_id: UUID
    event_id: UUID
    type: str
    recipient_id: UUID
    channel: str
    priority: str
    state: str
    attempts: int
    planned_at: datetime
    next_attempt_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    reason: str | None
    fallback_of: UUID | None


class Standing(NamedTuple):
    """What of a delivery decides whether another state of it is newer."""

    state: str
    attempts: int
    next_attempt_at: datetime | None
    sent_at: datetime | None


class Cell(NamedTuple):
    """What deliveries are counted by; `day` is the UTC day on which they were planned."""

    organization_id: UUID
    day: date
    type: str
    channel: str
    state: str


def is_newer(one: Delivery | Standing, other: Delivery | Standing) -> bool:
    """Whether `one` happened after `other`, told by what they say and not by when they came.

    What was accepted by the Communication Service stays accepted; before that more attempts are later, because a
    delivery that was given up can be tried again.
    """
    return _rank(one) > _rank(other)


def project(
    deliveries: Sequence[Delivery], known: Mapping[UUID, Standing]
) -> tuple[list[Delivery], dict[Cell, int]]:
    """The deliveries to show, and by how much each count changes."""
    show = [
        delivery
        for delivery in newest(deliveries)
        if (standing := known.get(delivery.id)) is None or is_newer(delivery, standing)
    ]
    counts: Counter[Cell] = Counter()
    for delivery in show:
        counts[_cell(delivery, delivery.state)] += 1
        if delivery.id in known:
            counts[_cell(delivery, known[delivery.id].state)] -= 1
    return show, {cell: change for cell, change in sorted(counts.items()) if change}


def newest(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """The newest state of each delivery in a batch."""
    found: dict[UUID, Delivery] = {}
    for delivery in deliveries:
        held = found.get(delivery.id)
        if held is None or is_newer(delivery, held):
            found[delivery.id] = delivery
    return list(found.values())


def _rank(item: Delivery | Standing) -> tuple[bool, int, int, datetime]:
    accepted = item.sent_at is not None or item.state in _SENT
    return accepted, item.attempts, _STAGE.get(item.state, _UNKNOWN_STAGE), item.next_attempt_at or _NEVER


def _cell(delivery: Delivery, state: str) -> Cell:
    day = delivery.planned_at.astimezone(UTC).date()
    return Cell(delivery.organization_id, day, delivery.type, delivery.channel, state)
