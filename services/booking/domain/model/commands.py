"""What may be asked of booking, after the shape has been checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.booking.domain.model.people import Actor


class Scope(StrEnum):
    """How much of a series is meant."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that an actor asks; `id` is the command's, unique for ever."""

    id: UUID
    organization: UUID
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAppointment(Command):
    """Something about an appointment that exists or shall."""

    appointment_id: UUID


@dataclass(frozen=True, slots=True)
class Pattern:
    """When a series recurs, as it was sent: one of `rrule` and `frequency`.

    `exdates` and `rdates` are aware, or wall-clock time of the series' zone; `sent` is the JSON, to be told again.
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

    `start` and `end` are aware, or wall-clock time of `timezone` (else of the organizer's zone); `fold` chooses
    between two equal local times. `participant_ids` as they were sent: positions name what is wrong.
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
    """Something about an existing appointment, perhaps only if it still has the version that the actor saw."""

    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOccurrence(ToAppointment):
    """Something about an appointment and, if it is one of a series, perhaps about others of it."""

    scope: Scope = Scope.THIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(ToOccurrence):
    """Change what is given, as one change; a reschedule is an update of the times only.

    `content` holds new values of fields that need no rule (title, description, location, meeting_url, client_id,
    reminder_settings, custom_fields); None elsewhere means: stays. `changes_seats`: `seats` is meant, None included.
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
    """Call it off."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn(ToAppointment):
    """The actor has arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete(ToAppointment):
    """It took place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkNoShow(ToAppointment):
    """Nobody came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(ToAppointment):
    """Tell the participants something."""

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
    """Replace somebody's hours and policy; `body` is the checked JSON without `user_id`."""

    user_id: UUID
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BusyTime:
    """A range (UTC) that is taken elsewhere."""

    uid: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportBusyTimes(Command):
    """Replace the actor's time that is taken elsewhere, as far as it is named."""

    busy_times: Sequence[BusyTime]
    removed: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold(Command):
    """Keep time free for so many seconds; times as in a create."""

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
    """Give held time free again."""

    hold_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFeed(Command):
    """Give the actor's calendar the secret address with this hash, and no other; None: none."""

    token_hash: str | None
