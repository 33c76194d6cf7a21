"""The commands of booking, after their shape has been checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.booking.domain.model.people import Actor


class Scope(StrEnum):
    """The part of a series that a command is about."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of an actor; `id` is unique for ever."""

    id: UUID
    organization: UUID
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAppointment(Command):
    """A command about an appointment that exists or is to be made."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True)
class Pattern:
    """The recurrence of a series as it was sent: one of `rrule` and `frequency`.

    `exdates` and `rdates` are aware, or wall-clock time of the series' zone; `sent` is the JSON, for events.
    """

    rrule: str | None
    frequency: str | None
    interval: int
    days_of_week: tuple[int, ...] | None
    count: int | None
    until: date | None
    exdates: tuple[datetime, ...]
    rdates: tuple[datetime, ...]
    sent: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(OfAppointment):
    """Book an appointment, or a series.

    `start` and `end` are aware, or wall-clock time of `timezone` (else of the organizer's zone); `fold`
    chooses between two equal local times. `participant_ids` as they were sent: errors name the position.
    """

    organizer_id: UUID | None
    participant_ids: tuple[UUID, ...]
    client_id: UUID | None
    start: datetime
    end: datetime
    timezone: str | None
    fold: int
    title: str
    description: str
    location: str
    meeting_url: str
    reminder_settings: Mapping[str, list[int]] | None
    custom_fields: Mapping[str, Any]
    seats: int | None = None
    hold_id: UUID | None = None
    ignore_availability: bool = False
    pattern: Pattern | None = None
    skip_conflicts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAppointment(OfAppointment):
    """A command to an existing appointment, perhaps only if it still has the version that the actor saw."""

    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOccurrence(ToAppointment):
    """A command to an appointment and, if it is an occurrence of a series, perhaps to others of it."""

    scope: Scope = Scope.THIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(ToOccurrence):
    """Change the given fields, as one change; a reschedule is an update of the times only.

    `content` holds new values of fields that need no rule (title, description, location, meeting_url,
    client_id, reminder_settings, custom_fields); None elsewhere: unchanged. `changes_seats`: `seats` is to be
    set, also to None.
    """

    participant_ids: tuple[UUID, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    timezone: str | None = None
    fold: int = 0
    content: Mapping[str, Any]
    seats: int | None = None
    changes_seats: bool = False
    ignore_availability: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(ToOccurrence):
    """A participant's yes; the organizer's confirms the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(ToOccurrence):
    """A participant's no."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(ToOccurrence):
    """Cancel an appointment."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn(ToAppointment):
    """Check the actor in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete(ToAppointment):
    """Mark an appointment as having taken place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkNoShow(ToAppointment):
    """Mark an appointment to which nobody came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(ToAppointment):
    """Send the participants a message."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(ToAppointment):
    """Take a seat, or `wait` for one."""

    wait: bool = False
    ignore_availability: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(ToAppointment):
    """Give the seat back, or stop waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendSeries(Command):
    """Book an open-ended series up to its horizon."""

    series_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAvailability(Command):
    """Replace a person's availability; `body` is the checked JSON without `user_id`."""

    user_id: UUID
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BusyTime:
    """A range (UTC) that is taken in another calendar."""

    uid: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """The uids after `after`, up to and with `until`; None: no bound. `total`: ranges of the whole calendar."""

    after: str | None
    until: str | None
    total: int

    def has(self, uid: str) -> bool:
        """Whether the uid is in the stretch."""
        return (self.after is None or uid > self.after) and (self.until is None or uid <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportBusyTimes(Command):
    """Replace those busy times of the actor that are named, and with `replaces` those of the source beside them."""

    busy_times: Sequence[BusyTime]
    removed: Sequence[str]
    source: str = ""
    replaces: Stretch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveBusyTimes(Command):
    """Forget the actor's busy times of a source; None: of every imported file."""

    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold(Command):
    """Keep time free for `expires_in` seconds; times as in a create."""

    hold_id: UUID
    organizer_id: UUID | None
    participant_ids: tuple[UUID, ...]
    start: datetime
    end: datetime
    timezone: str | None
    fold: int
    expires_in: int
    ignore_availability: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHold(Command):
    """Release a hold."""

    hold_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewHold(Command):
    """Put a hold of the same time, for `expires_in` seconds from now, in the place of another."""

    hold_id: UUID
    renewed_id: UUID
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFeed(Command):
    """Set the hash of the secret address of a person's calendar, by default the actor's; None revokes it.

    `proven`: the ingress sent it, at `signed_at`.
    """

    token_hash: str | None
    user_id: UUID | None = None
    signed_at: datetime | None = None
    proof: str | None = None
    proven: bool = False

    @property
    def owner(self) -> UUID | None:
        """The person whose address it is."""
        return self.user_id or self.actor.user


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeCalendar(Command):
    """Poll a calendar of the actor's at a sealed address."""

    subscription_id: UUID
    name: str
    sealed: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeCalendar(Command):
    """Poll a calendar of the actor's no longer, and forget its busy times."""

    subscription_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCalendarPoll(Command):
    """Note how a poll of a person's calendar ended: with so many times, or with the code of an error."""

    user_id: UUID
    subscription_id: UUID
    error: str | None
    times: int
