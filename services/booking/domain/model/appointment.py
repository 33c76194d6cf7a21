"""An appointment: its state, and the rules that follow from the state alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Status(StrEnum):
    """The status of an appointment; the last three are final."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


class Answer(StrEnum):
    """The response of a participant."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


OPEN = frozenset({Status.PENDING, Status.CONFIRMED})
Answers = Mapping[UUID, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """The full state after some version. All instants are UTC.

    `answers` has every participant in the order in which they were invited; the organizer is not among them.
    `organizer_confirmed` remembers that the organizer confirmed the whole for the present times. One of a
    series has its `series_id`, the pattern as it was sent, and `original_start`, the start by the pattern,
    which names it for ever. `seats` is how many participants there may be (None: whoever is invited);
    `waiting` is the waiting list, in order.
    """

    id: UUID
    organization_id: UUID
    organizer_id: UUID
    answers: Answers
    client_id: UUID | None
    start: datetime
    end: datetime
    timezone: str
    title: str
    description: str
    location: str
    meeting_url: str
    status: Status
    organizer_confirmed: bool
    checked_in: Mapping[UUID, datetime]
    reminder_settings: Mapping[str, list[int]] | None
    custom_fields: Mapping[str, Any]
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    cancellation_reason: str | None
    series_id: UUID | None = None
    original_start: datetime | None = None
    recurring_pattern: Mapping[str, Any] | None = None
    seats: int | None = None
    waiting: tuple[UUID, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is still to take place, or to be closed."""
        return self.status in OPEN


def takes_part(appointment: Appointment, user: UUID | None) -> bool:
    """Whether this person is the organizer or a participant, also one who declined."""
    return user is not None and (user == appointment.organizer_id or user in appointment.answers)


def occupants(appointment: Appointment) -> tuple[UUID, ...]:
    """Return the people whose time it takes: while it is open, the organizer and all participants who have
    not declined.
    """
    if not appointment.is_open:
        return ()
    busy = [user for user, answer in appointment.answers.items() if answer is not Answer.DECLINED]
    return (appointment.organizer_id, *busy)
