"""Events of the reminders service."""

from uuid import UUID

from pydantic import Field

from contracts.appointments import Appointment, Person
from contracts.fields import Channel, EventBody, Instant


class Reminder(EventBody):
    """Body of `reminder.due` and `reminder.missed`: one recipient, one lead time, the channels it is meant for.

    `lead_minutes` before the start; `due_at` UTC; the event's id is the timer's id, so that a second
    publication of the same timer is recognised.
    """

    appointment_id: UUID
    version: int = Field(ge=1)
    recipient_id: UUID
    channels: list[Channel]
    lead_minutes: int = Field(ge=0)
    due_at: Instant
    appointment: Appointment
    people: list[Person] = Field(default_factory=list)


class FollowUp(EventBody):
    """Body of `follow_up.due`: one participant, some time after the appointment was completed.

    `channels`: which may be used, as far as the recipient has them on. The event's id is the timer's id, as a reminder's.
    """

    appointment_id: UUID
    version: int = Field(ge=1)
    recipient_id: UUID
    channels: list[Channel]
    due_at: Instant
    appointment: Appointment
    people: list[Person] = Field(default_factory=list)


EVENT_TYPES = {
    "reminder.due": "Now is the time to remind this person.",
    "reminder.missed": "The time passed while reminders was away; nobody is notified.",
}
FOLLOW_UP_TYPES = {"follow_up.due": "Now is the time to follow up with this person, once."}
