"""What happened, to whom, and what is to be sent because of it. Instants are UTC."""

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
    """Someone who takes part, as the event tells."""

    id: UUID
    name: str
    timezone: str
    locale: str


@dataclass(frozen=True, slots=True)
class Appointment:
    """The state that an event carries; `answers` has each participant's pending, confirmed or declined.

    `waiting` wait for a seat. One of a series has its `series_id`, and its start by the pattern.
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
    """One appointment of a series; `original`: its start by the pattern; `version`: as far as it is known."""

    appointment_id: UUID
    original: datetime
    start: datetime
    end: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Series:
    """A series that one event tells of; `occurrences`: those that it is about, in order, one at least.

    `recurrence`: when it recurs, without what was `skipped`. `whole`: nothing that is still to come is left out.
    `attending`: the participants of any of them who have not declined there.
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
        """When the last one that the event is about is over."""
        return max(occurrence.end for occurrence in self.occurrences)


@dataclass(frozen=True, slots=True)
class Event:
    """An `appointment.*` event. `at`: when it happened; `actor`: a user id or `service:NAME`.

    `seated`: who waited and has a seat by it. `series`: it happened to all of these at once, and the appointment is the
    first of them. `of_series`: another event tells that the same happened to others of its series.
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
    """A `reminder.due` or `follow_up.due` event: one recipient, on the channels that it is meant for."""

    id: UUID
    at: datetime
    recipient_id: UUID
    channels: frozenset[str]
    appointment: Appointment
    people: Mapping[UUID, Person] = field(default_factory=dict)
    follows_up: bool = False


@dataclass(frozen=True, slots=True)
class Notification:
    """One recipient, one channel, one template. `expires_at`: when it is of no use any more; `decision`: why this channel.

    `timezone`: the recipient's, as Identity knows it; `hold`: why it waits, and until when.
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
    """The id of the one notification of that type that an event causes for a person on a channel."""
    return uuid5(event_id, f"{kind}/{recipient_id}/{channel}")
