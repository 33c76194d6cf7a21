"""Appointments, calendars and notifications as the API answers them."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.appointments import Appointment
from contracts.fields import Channel, Confirmation, Instant, Status
from contracts.notifications import DeliveryState
from contracts.series import Occurrence, Skipped
from services.ingress.api.models.base import SOME_ABSENT, Answered
from services.ingress.api.models.people import Names, Role


class Version(Answered):
    """One version of an appointment; `changes` holds the fields that it changed, with old and new values."""

    version: int
    change: str
    changes: list[dict[str, Any]]
    actor: str
    at: Instant


class AppointmentRead(Appointment):
    """An appointment; `history` is there if it was asked for, the first version first.

    `declined` has everybody who declined, with their reason or null; it is absent if nobody did.
    """

    declined: dict[UUID, str | None] = Field(default_factory=dict)
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


class Counts(Answered):
    """How many people take part, the organizer not among them."""

    participants: int = Field(ge=0)
    confirmed: int = Field(ge=0)
    declined: int = Field(ge=0)


class CalendarItem(Answered):
    """An appointment in a calendar.

    `role` is that of the caller, and `my_status` their response if they are a participant.
    `participant_ids` has at most 20 people; `counts` counts all.
    """

    id: UUID
    title: str
    start_time: Instant
    end_time: Instant
    timezone: str
    status: Status
    organizer_id: UUID
    location: str
    version: int = Field(ge=1)
    series_id: UUID | None
    original_start_time: Instant | None
    seats: int | None
    participant_ids: list[UUID]
    counts: Counts
    free_seats: int | None
    has_meeting_url: bool
    role: Role
    my_status: Confirmation | None


class BusyRange(Answered):
    """Time of a colleague that is taken, without details; `user_id` if several calendars are shown."""

    start_time: Instant
    end_time: Instant
    model_config = SOME_ABSENT
    busy: Literal[True]
    user_id: UUID | None = None


class Calendar(Answered):
    """A calendar, ordered by start; `people` has names, if they were asked for."""

    model_config = SOME_ABSENT
    items: list[CalendarItem | BusyRange]
    people: Names = Field(default_factory=dict)


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
