"""Appointments, calendars and notifications as the API answers them."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.appointments import Appointment
from contracts.fields import Channel, Instant, Status
from contracts.notifications import DeliveryState
from contracts.series import Occurrence, Skipped
from services.ingress.api.models.base import Answered


class Version(Answered):
    """One version of an appointment; `changes` holds the fields that it changed, with old and new values."""

    version: int
    change: str
    changes: list[dict[str, Any]]
    actor: str
    at: Instant


class AppointmentRead(Appointment):
    """An appointment; `history` is there if it was asked for, the first version first."""

    history: list[Version] = Field(default_factory=list)


class AppointmentWritten(Appointment):
    """An appointment after a command.

    If a series was concerned it is the first appointment that was touched, with all `occurrences` that
    were, and with those that were `skipped`.
    """

    occurrences: list[Occurrence] = Field(default_factory=list)
    skipped: list[Skipped] = Field(default_factory=list)


class AppointmentPage(Answered):
    """A page of a list; `next_cursor` null: it is the last."""

    items: list[Appointment]
    next_cursor: str | None


class CalendarItem(Answered):
    """An appointment in a calendar."""

    id: UUID
    title: str
    start_time: Instant
    end_time: Instant
    status: Status
    organizer_id: UUID
    location: str


class BusyRange(Answered):
    """Time of a colleague that is taken, without details."""

    start_time: Instant
    end_time: Instant
    busy: Literal[True]


class Calendar(Answered):
    """A calendar, ordered by start."""

    items: list[CalendarItem | BusyRange]


class Delivery(Answered):
    """One notification for one recipient on one channel, and where it stands."""

    id: UUID
    type: str
    recipient_id: UUID
    channel: Channel
    priority: Literal["normal", "high"]
    state: DeliveryState
    attempts: int = Field(ge=0)
    planned_at: Instant
    next_attempt_at: Instant | None
    sent_at: Instant | None
    delivered_at: Instant | None
    reason: str | None
    fallback_of: UUID | None


class Deliveries(Answered):
    """Deliveries in the order of planning."""

    items: list[Delivery]
