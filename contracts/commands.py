"""Commands to booking and notifier: what may be asked, and in which shape.

In an update a field that is absent stays as it is; null clears what may be empty.
"""

from typing import Any
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from contracts.fields import (
    PARTICIPANTS_MAX,
    Announcement,
    CustomFields,
    Description,
    Location,
    MeetingUrl,
    Reason,
    ReminderSettings,
    Sent,
    Timezone,
    Title,
    When,
)
from contracts.preferences import SetOrganizationPreferences, SetPreferences


class CreateAppointment(Sent):
    """Book an appointment. The organizer defaults to the actor; the id to uuid5(command id, "appointment")."""

    appointment_id: UUID | None = None
    organizer_id: UUID | None = None
    participant_ids: list[UUID] = Field(default_factory=list, max_length=PARTICIPANTS_MAX)
    client_id: UUID | None = None
    start_time: When
    end_time: When
    timezone: Timezone | None = Field(None, description="Defaults to the organizer's zone.")
    fold: int = Field(
        0, ge=0, le=1, description="Which of two equal local times at a clock change: 0 the earlier."
    )
    title: Title
    description: Description | None = None
    location: Location | None = None
    meeting_url: MeetingUrl | None = None
    recurring_pattern: None = None
    reminder_settings: ReminderSettings | None = None
    custom_fields: CustomFields | None = None


class ToAppointment(Sent):
    """What every command to an existing appointment says; `expected_version` guards against a stale view."""

    appointment_id: UUID
    expected_version: int | None = Field(None, ge=1)


class UpdateAppointment(ToAppointment):
    """Change any fields at once; decided as one change, told as one event."""

    participant_ids: list[UUID] | None = Field(None, max_length=PARTICIPANTS_MAX)
    client_id: UUID | None = None
    start_time: When | None = None
    end_time: When | None = None
    timezone: Timezone | None = None
    fold: int = Field(0, ge=0, le=1)
    title: Title | None = None
    description: Description | None = None
    location: Location | None = None
    meeting_url: MeetingUrl | None = None
    reminder_settings: ReminderSettings | None = None
    custom_fields: CustomFields | None = None

    @model_validator(mode="before")
    @classmethod
    def _required_stay(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name in ("title", "start_time", "end_time", "timezone", "participant_ids"):
                if name in value and value[name] is None:
                    raise PydanticCustomError("required", "{field} cannot be null", {"field": name})
        return value


class RescheduleAppointment(ToAppointment):
    """Change the times only."""

    start_time: When
    end_time: When
    timezone: Timezone | None = None
    fold: int = Field(0, ge=0, le=1)


class ConfirmAppointment(ToAppointment):
    """A participant says yes for themself; the organizer confirms the whole."""


class DeclineAppointment(ToAppointment):
    """A participant says no: their time is free again."""

    reason: Reason | None = None


class CancelAppointment(ToAppointment):
    """Call the appointment off."""

    reason: Reason | None = None


class CheckInAppointment(ToAppointment):
    """The actor is there; from 30 minutes before the start until the end."""


class CompleteAppointment(ToAppointment):
    """It took place; from its start on."""


class MarkNoShow(ToAppointment):
    """Nobody came; from its end on."""


class AnnounceAppointment(ToAppointment):
    """Tell every participant who has not declined something, in the sender's own words."""

    message: Announcement


BookingCommand = (
    CreateAppointment
    | UpdateAppointment
    | RescheduleAppointment
    | ConfirmAppointment
    | DeclineAppointment
    | CancelAppointment
    | CheckInAppointment
    | CompleteAppointment
    | MarkNoShow
    | AnnounceAppointment
)

BOOKING_COMMANDS: dict[str, type[BookingCommand]] = {
    "appointment.create": CreateAppointment,
    "appointment.update": UpdateAppointment,
    "appointment.reschedule": RescheduleAppointment,
    "appointment.confirm": ConfirmAppointment,
    "appointment.decline": DeclineAppointment,
    "appointment.cancel": CancelAppointment,
    "appointment.check_in": CheckInAppointment,
    "appointment.complete": CompleteAppointment,
    "appointment.mark_no_show": MarkNoShow,
    "appointment.announce": AnnounceAppointment,
}

NotifierCommand = SetPreferences | SetOrganizationPreferences

NOTIFIER_COMMANDS: dict[str, type[NotifierCommand]] = {
    "preferences.set": SetPreferences,
    "organization_preferences.set": SetOrganizationPreferences,
}
