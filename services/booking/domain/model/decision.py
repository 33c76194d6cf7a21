"""Decisions: accepted, perhaps with an event, or refused with a stable code."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.people import Person
from services.booking.domain.model.recurring_series import Series


class Code(StrEnum):
    """The stable code of a refusal, for programs."""

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
    UNAVAILABLE = "unavailable"
    FULL = "full"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error of one field; `field` is a path such as `participant_ids.3`."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """A range (UTC) that is in the way; the appointment only where the actor may know it."""

    user_id: UUID
    start: datetime
    end: datetime
    appointment_id: UUID | None


@dataclass(frozen=True, slots=True)
class Alternative:
    """A time (UTC) that suits everybody."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal: nothing changes. `detail` is a sentence for a person.

    `version` is the present one where the actor may know it; `alternatives` are the nearest times instead;
    `retry_after` the seconds after which the same command is accepted, if time alone makes it so.
    """

    code: Code
    detail: str
    errors: tuple[FieldError, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    appointment_id: UUID | None = None
    version: int | None = None
    alternatives: tuple[Alternative, ...] = ()
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Event:
    """The event of a changed appointment; `people` has everybody whom it concerns.

    `more`: further fields of the event's body, if any apply (`announcement`, `of_series`, `seated`,
    `hold_id`, `organizer_confirmed`).
    """

    type: str
    changes: Sequence[Change]
    people: Sequence[Person]
    more: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The state after the command; without an event nothing changed.

    `outcome`: further fields of the outcome, if any apply, as they go over the wire.
    """

    appointment: Appointment
    event: Event | None
    outcome: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """An event that is not the change of one appointment; `body` as it goes over the wire, about `subject`.

    The body may hold an appointment, changes, people and a series (as `template`) as domain objects: they are
    written as JSON like those of other events.
    """

    type: str
    subject: UUID
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AcceptedMany:
    """An accepted command that changed several appointments, or something else, or nothing.

    The events of `steps` come first, then those in `happened`. `outcome` has further fields of the outcome,
    as they go over the wire. `appointment` is the one that the outcome shows, `subject` the id that the
    command was about.
    """

    subject: UUID
    version: int | None = None
    appointment: Appointment | None = None
    steps: Sequence[Accepted] = ()
    happened: Sequence[DomainEvent] = ()
    outcome: Mapping[str, Any] = field(default_factory=dict)
    series: Series | None = None


Decision: TypeAlias = Accepted | AcceptedMany | Refusal


def complete(decision: Decision) -> Decision:
    """Return the decision with events that say whether the organizer confirmed the whole, which no state has.

    With this, events are all that is needed to rebuild what booking decides from.
    """
    if isinstance(decision, Accepted):
        return _complete(decision)
    if isinstance(decision, AcceptedMany) and decision.steps:
        return replace(decision, steps=tuple(map(_complete, decision.steps)))
    return decision


def _complete(step: Accepted) -> Accepted:
    event = step.event
    if event is None:
        return step
    more = {**(event.more or {}), "organizer_confirmed": step.appointment.organizer_confirmed}
    # not with `replace`, which costs a twelfth of the decision
    completed = Event(event.type, event.changes, event.people, more)
    return Accepted(step.appointment, completed, step.outcome)


def invalid(field: str, code: str, message: str) -> Refusal:
    """Return a refusal for one field."""
    return Refusal(Code.INVALID, message, (FieldError(field, code, message),))


def seconds_until(moment: datetime, now: datetime) -> int:
    """Return whole seconds, at least one, after which that moment has come."""
    return max(1, math.ceil((moment - now).total_seconds()))
