"""An appointment as other services see it, and the events about its changes."""

from typing import Any
from uuid import UUID

from pydantic import Field

from contracts.fields import Confirmation, CustomFields, EventBody, Instant, ReminderSettings, Status


class Person(EventBody):
    """A participant with the data that Identity last gave: enough to notify them without another call."""

    id: UUID
    name: str
    timezone: str
    locale: str


class Appointment(EventBody):
    """The full state of an appointment. Instants are UTC; `timezone` is where its wall clock hangs.

    `confirmation_status` has each participant's answer; `version` counts changes from 1 without gaps;
    `checked_in` has each person's time of check-in; `reminder_settings` null means the defaults. One of a series has its
    `series_id`, the pattern, and the start by the pattern, which names it for ever. `seats` null: there is no limit and
    people cannot join by themselves; `waiting` is the waiting list, first in line first.
    """

    id: UUID
    organization_id: UUID
    organizer_id: UUID
    participant_ids: list[UUID]
    client_id: UUID | None = None
    start_time: Instant
    end_time: Instant
    timezone: str
    title: str
    description: str = ""
    location: str = ""
    meeting_url: str = ""
    status: Status
    confirmation_status: dict[UUID, Confirmation]
    checked_in: dict[UUID, Instant] = Field(default_factory=dict)
    recurring_pattern: dict[str, Any] | None = None
    reminder_settings: ReminderSettings | None = None
    custom_fields: CustomFields = Field(default_factory=dict)
    version: int = Field(ge=1)
    created_at: Instant
    created_by: str
    updated_at: Instant
    updated_by: str
    cancellation_reason: str | None = None
    series_id: UUID | None = None
    original_start_time: Instant | None = None
    seats: int | None = None
    waiting: list[UUID] = Field(default_factory=list)


class Change(EventBody):
    """One field that changed, as JSON values before and after."""

    field: str
    old: Any = None
    new: Any = None


class AppointmentEvent(EventBody):
    """The body of every `appointment.*` event: the state after the change, and the changes.

    `people` has everyone affected by the change, removed participants included; `announcement` is the text of
    `appointment.announced`. `of_series`: the same command changed other occurrences of the series; `series.changed`
    announces them together. `seated`: people who got a seat from the waiting list by this change. `hold_id`: the hold that it used up.
    `organizer_confirmed`: whether the organizer has confirmed the whole for its present times; null in events of
    earlier versions of booking.
    """

    appointment_id: UUID
    version: int = Field(ge=1)
    appointment: Appointment
    changes: list[Change] = Field(default_factory=list)
    people: list[Person] = Field(default_factory=list)
    actor: str
    announcement: str | None = None
    of_series: UUID | None = None
    seated: list[UUID] = Field(default_factory=list)
    hold_id: UUID | None = None
    organizer_confirmed: bool | None = None


EVENT_TYPES: dict[str, str] = {
    "appointment.created": "A new appointment was booked.",
    "appointment.updated": "Something other than the times changed.",
    "appointment.rescheduled": "Start or end changed, perhaps other fields as well.",
    "appointment.confirmed": "The status became confirmed.",
    "appointment.participant_confirmed": "One participant confirmed; the appointment itself is not confirmed by that.",
    "appointment.participant_declined": "One participant declined and is free again.",
    "appointment.cancelled": "The appointment will not take place.",
    "appointment.checked_in": "A person checked in.",
    "appointment.completed": "The appointment took place.",
    "appointment.no_show": "The appointment ended without a check-in.",
    "appointment.announced": "The participants get an announcement; nothing else changed.",
    "appointment.participant_joined": "A person took a seat.",
    "appointment.participant_waiting": "A person joined the waiting list.",
    "appointment.participant_left": "A person left their seat or the waiting list; the next one may have the seat now.",
}
