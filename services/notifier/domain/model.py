"""Events, reminders, and the notifications that follow from them. Instants are UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from scheduling.recurrence import Recurrence
from services.notifier.domain.quiet_hold import Hold

PENDING = "pending"
DECLINED = "declined"
CANCELLED = "cancelled"
OPEN = frozenset(("pending", "confirmed"))
COMPLETED = frozenset(("completed",))


@dataclass(frozen=True, slots=True)
class Person:
    """A person in an event."""

    id: UUID
    name: str
    timezone: str
    locale: str


@dataclass(frozen=True, slots=True)
class Appointment:
    """The state of the appointment in an event. `answers`: pending, confirmed or declined, by participant.

    `waiting`: the people on the waiting list. An occurrence of a series has a `series_id` and an
    `original_start`, its start by the pattern.
    """

    id: UUID
    organization_id: UUID
    version: int
    organizer_id: UUID
    answers: Mapping[UUID, str]
    status: str
    start: datetime
    end: datetime
    timezone: str
    title: str
    location: str = ""
    meeting_url: str = ""
    preparation_notes: str = ""
    cancellation_reason: str = ""
    waiting: Sequence[UUID] = ()
    series_id: UUID | None = None
    original_start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, as JSON values."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One appointment of a series. `original`: its start by the pattern; `version`: the newest known one."""

    appointment_id: UUID
    original: datetime
    start: datetime
    end: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Series:
    """The series in an event. `occurrences`: those that the event is about, in order, at least one.

    `recurrence`: its pattern, from which the `skipped` starts are left out. `whole`: the event is about all
    occurrences that are still to come. `attending`: participants of any occurrence that they have not
    declined.
    """

    id: UUID
    version: int
    recurrence: Recurrence
    occurrences: Sequence[Occurrence]
    skipped: Sequence[datetime] = ()
    whole: bool = True
    attending: Sequence[UUID] = ()

    @property
    def ends_at(self) -> datetime:
        """The end of the last occurrence that the event is about."""
        return max(occurrence.end for occurrence in self.occurrences)


@dataclass(frozen=True, slots=True)
class Event:
    """An `appointment.*` event. `at`: its time; `actor`: a user id or `service:NAME`.

    `seated`: people from the waiting list who got a seat by it. `series`: the event is about a series, and
    the appointment is its first occurrence concerned. `of_series`: an event about the whole series comes
    beside this one.
    """

    id: UUID
    type: str
    at: datetime
    actor: str
    appointment: Appointment
    changes: Sequence[Change] = ()
    people: Mapping[UUID, Person] = field(default_factory=dict)
    announcement: str = ""
    seated: Sequence[UUID] = ()
    series: Series | None = None
    of_series: bool = False


@dataclass(frozen=True, slots=True)
class Reminder:
    """A `reminder.due` or `follow_up.due` event for one recipient, on these channels."""

    id: UUID
    at: datetime
    recipient_id: UUID
    channels: frozenset[str]
    appointment: Appointment
    people: Mapping[UUID, Person] = field(default_factory=dict)
    follows_up: bool = False


@dataclass(frozen=True, slots=True)
class Notification:
    """One recipient, one channel, one template.

    `expires_at`: the end of its use; `decision`: reason for the channel.

    `timezone`: the recipient's, from Identity. `hold`: None if it is sent at once.
    """

    id: UUID
    event_id: UUID
    appointment: Appointment
    type: str
    template_id: str
    priority: str
    recipient_id: UUID
    channel: str
    data: Mapping[str, str]
    expires_at: datetime
    decision: str
    timezone: str
    hold: Hold | None = None


def notification_id(event_id: UUID, kind: str, recipient_id: UUID, channel: str) -> UUID:
    """Return the id of the one notification of that type that an event causes for a person on a channel."""
    return uuid5(event_id, f"{kind}/{recipient_id}/{channel}")
