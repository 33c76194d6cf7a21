"""Events about deliveries, and dead letters that an operator can redrive."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from chassis.dead_letters.store import PREFIX
from chassis.health import VERSION
from chassis.telemetry import follow
from contracts import topics
from contracts.envelope import Envelope, Message, rfc3339
from services.notifier.domain.delivery import Delivery
from services.notifier.messages.incoming import DELIVER
from services.notifier.messages.outcomes import SOURCE

_EVENTS = topics.NOTIFIER_EVENTS.name
_DEAD_LETTERS = topics.dead_letters("notifier").name


def event_of(delivery: Delivery, at: datetime) -> Message:
    """Return `notification.STATE` for a delivery in its state since `at`.

    Same arguments give the same bytes.
    """
    identifier = _event_id(delivery)
    return Message(
        _EVENTS,
        str(delivery.organization_id).encode(),
        orjson.dumps(body_of(delivery)),
        _envelope(delivery, identifier, f"notification.{delivery.state}", at).headers(),
    )


def planned(delivery: Delivery) -> Message:
    """Return `notification.planned` as of the planning, whatever the delivery's state is now."""
    body = body_of(delivery) | {
        "state": "planned",
        "attempts": 0,
        "next_attempt_at": None,
        "sent_at": None,
        "delivered_at": None,
        "reason": None,
    }
    identifier = uuid5(delivery.id, "planned/0")
    headers = _envelope(delivery, identifier, "notification.planned", delivery.planned_at).headers()
    return Message(_EVENTS, str(delivery.organization_id).encode(), orjson.dumps(body), headers)


def dead_letter(delivery: Delivery, error: str, at: datetime) -> Message:
    """Return the dead letter of a delivery, with the same headers as the dead letter of a record."""
    origin, partition, offset = delivery.cause.rsplit("/", 2)
    facts = {
        "id": letter_id(delivery),
        "service": "notifier",
        "topic": origin,
        "partition": partition,
        "offset": offset,
        "timestamp": rfc3339(delivery.planned_at),
        "stage": "deliver",
        "error": error,
        "message": delivery.reason or "",
        "attempts": delivery.attempts,
        "first-failure": rfc3339(at),
        "last-failure": rfc3339(at),
        "version": VERSION,
        "redrives": delivery.redrives,
        "delivery-id": delivery.id,
    }
    headers = _envelope(delivery, delivery.id, DELIVER, at).headers()
    added = tuple((PREFIX + name, str(value).encode()) for name, value in facts.items())
    return Message(
        _DEAD_LETTERS,
        str(delivery.organization_id).encode(),
        orjson.dumps(body_of(delivery)),
        headers + added,
    )


def letter_id(delivery: Delivery) -> UUID:
    """Return the id of the dead letter of a delivery."""
    return uuid5(_event_id(delivery), "dead-letter")


def body_of(delivery: Delivery) -> dict[str, Any]:
    """Return the JSON of `contracts.notifications.Notification`."""
    return {
        "notification_id": str(delivery.id),
        "appointment_id": str(delivery.appointment_id),
        "event_id": str(delivery.event_id),
        "type": delivery.type,
        "recipient_id": str(delivery.recipient_id),
        "channel": delivery.channel,
        "priority": delivery.priority,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "planned_at": rfc3339(delivery.planned_at),
        "next_attempt_at": _instant(delivery.held_until) if delivery.state == "held" else None,
        "sent_at": _instant(delivery.sent_at),
        "delivered_at": _instant(delivery.delivered_at),
        "reason": delivery.reason,
        "fallback_of": str(delivery.fallback_of) if delivery.fallback_of else None,
        "decision": delivery.decision,
    }


def _event_id(delivery: Delivery) -> UUID:
    """Return the event's id, which is the same for the same state after the same number of attempts.

    Every redrive makes new events, and so does every new end of a hold.
    """
    again = f"/{delivery.redrives}" if delivery.redrives else ""
    if delivery.state == "held" and delivery.held_until:
        again += f"/{rfc3339(delivery.held_until)}"
    return uuid5(delivery.id, f"{delivery.state}/{delivery.attempts}{again}")


def _envelope(delivery: Delivery, identifier: UUID, kind: str, at: datetime) -> Envelope:
    return Envelope(
        id=identifier,
        type=kind,
        source=SOURCE,
        subject=str(delivery.appointment_id),
        time=at,
        organization=delivery.organization_id,
        actor=delivery.actor,
        correlation_id=delivery.correlation_id,
        traceparent=follow(delivery.traceparent, identifier),
        cause=delivery.cause,
    )


def _instant(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
