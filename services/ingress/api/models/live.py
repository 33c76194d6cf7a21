"""Data of the events of the live stream."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.fields import Channel, Instant
from contracts.notifications import DeliveryState
from services.ingress.api.models.appointments import CalendarItem
from services.ingress.api.models.base import SOME_ABSENT, Answered


class TimesBefore(Answered):
    """The times of an appointment before a change."""

    start_time: Instant
    end_time: Instant


class CalendarChangedEvent(Answered):
    """An appointment changed.

    `item` is what the reader's calendar has of it from now on, null if it is not in it any more; it is
    absent if an older release wrote the change. `actor` made the change, `correlation_id` is the
    `X-Correlation-ID` of their request. `was`: the times before, if they changed.
    """

    model_config = SOME_ABSENT
    appointment_id: UUID
    version: int
    change: str
    actor: str | None
    correlation_id: str | None
    was: TimesBefore | None
    item: CalendarItem | None = None


class DeliveryStatus(Answered):
    """The present state of a delivery."""

    id: UUID
    recipient_id: UUID
    type: str
    channel: Channel
    state: DeliveryState


class NotificationChangedEvent(Answered):
    """Deliveries of an appointment came to other states."""

    appointment_id: UUID
    notifications: list[DeliveryStatus]


class PreferencesChangedEvent(Answered):
    """Preferences changed: the reader's own, or those of their organization."""

    scope: Literal["me", "organization"]
    version: int


class AvailabilityChangedEvent(Answered):
    """The free time of watched people may have changed in this range; null: anywhere."""

    user_ids: list[UUID]
    from_: Instant | None = Field(alias="from")
    to: Instant | None


class SessionExpiringEvent(Answered):
    """The stream ends with the reader's token, at that time."""

    at: Instant


class ResetEvent(Answered):
    """Changes were missed that are not known any more: read everything again."""
