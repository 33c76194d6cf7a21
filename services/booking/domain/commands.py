"""What may be asked of booking, after the shape has been checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.booking.domain.people import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that an actor asks about an appointment; `id` is the command's, unique for ever."""

    id: UUID
    organization: UUID
    actor: Actor
    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Command):
    """Book an appointment.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAppointment(Command):
    """Something about an existing appointment, perhaps only if it still has the version that the actor saw."""

    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(ToAppointment):
    """Change what is given, as one change; a reschedule is an update of the times only.

    `content` holds new values of fields that need no rule (title, description, location, meeting_url, client_id,
    reminder_settings, custom_fields); None elsewhere means: stays.
    """

    participant_ids: tuple[UUID, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    timezone: str | None = None
    fold: int = 0
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(ToAppointment):
    """A participant's yes; the organizer's confirms the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(ToAppointment):
    """A participant's no."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(ToAppointment):
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
