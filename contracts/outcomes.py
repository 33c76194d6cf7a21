"""Outcomes of commands: exactly one for each readable command id."""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field, ValidationError

from contracts.appointments import Appointment
from contracts.availability import Availability
from contracts.fields import EventBody, Instant
from contracts.flaws import flaws
from contracts.holds import Hold
from contracts.preferences import OrganizationPreferences, Preferences
from contracts.series import Occurrence, Skipped


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
    UNAVAILABLE = "unavailable"
    FULL = "full"
    TOO_LARGE = "too_large"


class FieldError(EventBody):
    """An error in one field; `field` is a path such as `reminder_settings.email.0`, "" for the whole body."""

    field: str
    code: str
    message: str


class Conflict(EventBody):
    """A range that stands in the way; the appointment's id only where the actor may see it."""

    user_id: UUID
    start_time: Instant
    end_time: Instant
    appointment_id: UUID | None = None


class Alternative(EventBody):
    """A time that suits everybody, as it was when the command was refused."""

    start_time: Instant
    end_time: Instant


class Waiting(EventBody):
    """A place in the queue for a seat, from 1."""

    status: Literal["waiting"] = "waiting"
    position: int = Field(ge=1)


class Outcome(EventBody):
    """The outcome of a booking command; `appointment` is the state after it, or the present one if nothing changed.

    `alternatives`: the nearest times instead of one that is refused. Of a series: its id, the occurrences that were
    touched, those that were left out. `waiting`: on the waiting list. Results without an appointment have their own field:
    `availability`, `hold`, or `user_id` with the `version` of their busy times (and how many were `imported` or `removed`),
    feed or subscribed calendars.
    `retry_after`: seconds after which the same command is accepted, under another id.
    """

    command_id: UUID
    status: Literal["accepted", "refused"]
    code: Code | None = None
    detail: str | None = None
    errors: list[FieldError] = Field(default_factory=list)
    conflicts: list[Conflict] = Field(default_factory=list)
    appointment_id: UUID | None = None
    version: int | None = None
    appointment: Appointment | None = None
    event_ids: list[UUID] = Field(default_factory=list)
    alternatives: list[Alternative] = Field(default_factory=list)
    series_id: UUID | None = None
    occurrences: list[Occurrence] = Field(default_factory=list)
    skipped: list[Skipped] = Field(default_factory=list)
    waiting: Waiting | None = None
    availability: Availability | None = None
    hold: Hold | None = None
    user_id: UUID | None = None
    imported: int | None = None
    removed: int | None = None
    retry_after: int | None = Field(None, ge=1)


class PreferencesOutcome(EventBody):
    """The outcome of `preferences.set`, or of `organization_preferences.set`: then with the organization's.

    `version` is the version of the changed object.
    """

    command_id: UUID
    status: Literal["accepted", "refused"]
    code: Code | None = None
    detail: str | None = None
    errors: list[FieldError] = Field(default_factory=list)
    user_id: UUID | None = None
    version: int | None = None
    preferences: Preferences | None = None
    organization_id: UUID | None = None
    organization_preferences: OrganizationPreferences | None = None
    event_ids: list[UUID] = Field(default_factory=list)


OUTCOME_TYPES = {
    "command.accepted": "The command was carried out, or asked for the state as it is already.",
    "command.refused": "The command was not carried out; its code says why.",
}


def field_errors(error: ValidationError) -> list[FieldError]:
    """The errors of a pydantic model as an outcome has them."""
    return [FieldError(field=flaw.field, code=flaw.code, message=flaw.message) for flaw in flaws(error)]
