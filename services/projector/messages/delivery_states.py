"""States of a batch of deliveries, published once per organization: a live view need not follow each one."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid5

from contracts import topics
from contracts.envelope import Envelope, Message, Record
from contracts.fields import Channel
from contracts.notifications import DeliveryState
from contracts.reading import value_of
from contracts.views import AppointmentStatuses, NotificationsChanged, NotificationStatus
from services.projector.domain.deliveries import Delivery, newest
from services.projector.messages.incoming import SOURCE, Fact

# A planned delivery follows from a change that was published itself.
UNPUBLISHED = frozenset(("planned",))
Pairs = Sequence[tuple[Record, Fact]]


def appointments_of(records: Pairs) -> set[UUID]:
    """Return the appointments that have states to publish."""
    return {delivery.appointment_id for _, _, delivery in _published(records)}


def changed(records: Pairs, organizers: Mapping[UUID, UUID]) -> list[Message]:
    """Return `notifications.changed` for each organization; `organizers`: of the appointments that are shown.

    A redelivered batch may be cut elsewhere: the same states are then grouped differently, under another id.
    """
    by_organization: dict[UUID, list[tuple[Record, Fact, Delivery]]] = {}
    for item in _published(records):
        by_organization.setdefault(item[2].organization_id, []).append(item)
    return [_message(organization, items, organizers) for organization, items in by_organization.items()]


def _published(records: Pairs) -> list[tuple[Record, Fact, Delivery]]:
    return [
        (record, fact, fact.body)
        for record, fact in records
        if isinstance(fact.body, Delivery) and fact.body.state not in UNPUBLISHED
    ]


def _message(
    organization: UUID, items: Sequence[tuple[Record, Fact, Delivery]], organizers: Mapping[UUID, UUID]
) -> Message:
    body = NotificationsChanged(appointments=list(_statuses((item[2] for item in items), organizers)))
    (_, first, _), (record, last, _) = items[0], items[-1]
    about = Envelope(
        id=uuid5(last.head.id, f"notifications.changed/{first.head.id}"),
        type="notifications.changed",
        source=SOURCE,
        time=record.timestamp,
        organization=organization,
        cause=record.position,
    )
    return about.message(topics.PROJECTOR_EVENTS.name, body.model_dump_json().encode())


def _statuses(
    deliveries: Iterable[Delivery], organizers: Mapping[UUID, UUID]
) -> Iterable[AppointmentStatuses]:
    of: dict[UUID, list[NotificationStatus]] = {}
    for delivery in newest(deliveries):
        of.setdefault(delivery.appointment_id, []).append(
            NotificationStatus(
                id=delivery.id,
                recipient_id=delivery.recipient_id,
                type=delivery.type,
                channel=value_of(Channel, delivery.channel),
                state=value_of(DeliveryState, delivery.state),
            )
        )
    for appointment, notifications in of.items():
        yield AppointmentStatuses(
            appointment_id=appointment, organizer_id=organizers.get(appointment), notifications=notifications
        )
