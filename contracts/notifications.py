"""The life of a notification, and the delivery reports of the Communication Service."""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.fields import Channel, EventBody, Instant


class NotificationType(StrEnum):
    """Types of notifications (docs/requirements.md#types and #implied-types)."""

    CREATED = "appointment_created"
    INVITATION = "appointment_invitation"
    UPDATED = "appointment_updated"
    CONFIRMED = "appointment_confirmed"
    CANCELLED = "appointment_cancelled"
    RESCHEDULED = "appointment_rescheduled"
    REMINDER = "appointment_reminder"
    FOLLOW_UP = "appointment_follow_up"
    NO_SHOW = "no_show_alert"
    DIGEST = "appointment_digest"
    ANNOUNCEMENT = "appointment_announcement"
    SEAT = "appointment_seat"


class DeliveryState(StrEnum):
    """State of one delivery (one recipient, one channel)."""

    PLANNED = "planned"
    HELD = "held"
    RETRYING = "retrying"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    DEAD_LETTERED = "dead_lettered"


class Notification(EventBody):
    """Body of every `notification.*` event: one delivery after its state changed.

    `event_id` is the event that caused it; `fallback_of` the delivery whose channel gave up before this one; `decision`
    why it goes by this channel, in plain words.
    """

    notification_id: UUID
    appointment_id: UUID
    event_id: UUID
    type: NotificationType
    recipient_id: UUID
    channel: Channel
    priority: Literal["normal", "high"]
    state: DeliveryState
    attempts: int = Field(ge=0)
    planned_at: Instant
    next_attempt_at: Instant | None = None
    sent_at: Instant | None = None
    delivered_at: Instant | None = None
    reason: str | None = None
    fallback_of: UUID | None = None
    decision: str | None = None


EVENT_TYPES = {
    "notification.planned": "A delivery was decided upon.",
    "notification.held": "It is held until its `next_attempt_at`: the person wants no message before.",
    "notification.sent": "The Communication Service accepted it.",
    "notification.delivered": "It reached the person.",
    "notification.failed": "Its channel gave up.",
    "notification.bounced": "The address does not exist.",
    "notification.expired": "Its use was over before it could be sent.",
    "notification.dead_lettered": "It was refused for good; operators can redrive it.",
}


class ChannelSuspension(EventBody):
    """Body of `channel.*` events: a channel of a person after it was suspended or restored.

    `version` counts its changes from 1; `notification_id` is the delivery that bounced at `since`.
    """

    user_id: UUID
    channel: Channel
    version: int = Field(ge=1)
    since: Instant
    reason: str | None = None
    notification_id: UUID
    restored_at: Instant | None = None


CHANNEL_EVENT_TYPES = {
    "channel.suspended": "A person's address bounced: the channel is not used for them any more.",
    "channel.restored": "The person set the channel again: it is used again.",
}


class DeliveryReport(EventBody):
    """`data` of a communication event; `idempotency_key` is the delivery's id when the service echoes it."""

    entity_type: str
    entity_id: str
    channel: Channel
    recipient: str
    timestamp: Instant
    idempotency_key: str | None = None
    reason: str | None = None


class CommunicationEvent(EventBody):
    """Body of a record on communication.events: `{"type", "data"}` (docs/requirements.md#reports)."""

    type: Literal["notification.delivered", "notification.failed", "notification.bounced"]
    data: DeliveryReport
