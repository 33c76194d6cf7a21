"""What the notifier tells of its deliveries: events, and dead letters that an operator can send again."""

from dataclasses import replace
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
    """`notification.STATE` of a delivery that came to that state at `at`; the same bytes for the same arguments."""
    identifier = _event_id(delivery)
    return Message(
        _EVENTS,
        str(delivery.organization_id).encode(),
        orjson.dumps(body_of(delivery)),
        _envelope(delivery, identifier, f"notification.{delivery.state}", at).headers(),
    )


def planned(delivery: Delivery) -> Message:
    """`notification.planned` as it was when the delivery was planned, whatever became of it."""
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


def sent(delivery: Delivery) -> Message:
    """`notification.sent` of a delivery whose report came before the answer to its call: no answer will say it now."""
    before = replace(delivery, state="sent", delivered_at=None, reason=None)
    return event_of(before, delivery.sent_at or delivery.planned_at)


def dead_letter(delivery: Delivery, error: str, at: datetime) -> Message:
    """A delivery that was given up, with the same story in the same headers as a record that was."""
    origin, partition, offset = delivery.cause.rsplit("/", 2)
    story = {
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
    added = tuple((PREFIX + name, str(value).encode()) for name, value in story.items())
    return Message(
        _DEAD_LETTERS,
        str(delivery.organization_id).encode(),
        orjson.dumps(body_of(delivery)),
        headers + added,
    )


def letter_id(delivery: Delivery) -> UUID:
    """The id of the dead letter of a delivery that was given up."""
    return uuid5(_event_id(delivery), "dead-letter")


def body_of(delivery: Delivery) -> dict[str, Any]:
    """The JSON of `contracts.notifications.Notification`."""
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
    """The same state after the same number of attempts is the same event, unless an operator began anew.

    Being held is another event for each time until which it is held.
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
