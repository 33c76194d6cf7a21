"""What a decision is: accepted, perhaps with an event, or refused with a stable code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from services.booking.domain.appointment import Appointment
from services.booking.domain.people import Person


class Code(StrEnum):
    """Why a command was refused; stable, for programs."""

    CONFLICT = "conflict"
    UNKNOWN_USER = "unknown_user"
    NOT_FOUND = "not_found"
    VERSION_MISMATCH = "version_mismatch"
    INVALID_TRANSITION = "invalid_transition"
    NOT_ALLOWED = "not_allowed"
    IN_THE_PAST = "in_the_past"
    INVALID = "invalid"
    MALFORMED = "malformed"
    COMMAND_ID_REUSED = "command_id_reused"
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; `field` is a path such as `participant_ids.3`."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """A range (UTC) that stands in somebody's way; the appointment only where the actor may know it."""

    user_id: UUID
    start: datetime
    end: datetime
    appointment_id: UUID | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing happens; `detail` is a sentence for a person.

    `version` is the present one where the actor may know it.
    """

    code: Code
    detail: str
    errors: tuple[FieldError, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    appointment_id: UUID | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, for those who were not asked; `people` has everybody whom it concerns.

    `announcement`: what the participants are told.
    """

    type: str
    changes: Sequence[Change]
    people: Sequence[Person]
    announcement: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The state after the command; without an event nothing changed."""

    appointment: Appointment
    event: Event | None


Decision: TypeAlias = Accepted | Refusal


def invalid(field: str, code: str, message: str) -> Refusal:
    """A refusal for one field."""
    return Refusal(Code.INVALID, message, (FieldError(field, code, message),))
