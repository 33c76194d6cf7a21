"""The newest state of each delivery, whatever order its states arrive in."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

# planned, held and retrying are one stage, within which attempts and the next attempt order the states.
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
_UNKNOWN_STAGE = 2  # a state of a newer release: shown until a known final state comes
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
    """The fields of a delivery that decide whether another state of it is newer."""

    state: str
    attempts: int
    next_attempt_at: datetime | None
    sent_at: datetime | None


class Cell(NamedTuple):
    """The key under which deliveries are counted; `day`: the UTC day on which they were planned."""

    organization_id: UUID
    day: date
    type: str
    channel: str
    state: str


def is_newer(one: Delivery | Standing, other: Delivery | Standing) -> bool:
    """Return whether `one` happened after `other`, by their fields and not by their order of arrival.

    A delivery that the Communication Service accepted stays accepted. Before that, more attempts are later,
    because an abandoned delivery can be redriven.
    """
    return _rank(one) > _rank(other)


def project(
    deliveries: Sequence[Delivery], known: Mapping[UUID, Standing]
) -> tuple[list[Delivery], dict[Cell, int]]:
    """Return the deliveries to show, and the change of each count."""
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
    """Return the newest state of each delivery in a batch."""
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
