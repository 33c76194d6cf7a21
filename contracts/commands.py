"""Commands to booking and notifier, and their bodies.

In an update an omitted field is unchanged; null clears an optional field.
"""

from typing import Any
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from contracts.availability import ImportBusyTimes, RemoveBusyTimes, SetAvailability
from contracts.calendars import NoteCalendarPoll, SubscribeCalendar, UnsubscribeCalendar
from contracts.feeds import SetFeed
from contracts.fields import (
    PARTICIPANTS_MAX,
    Announcement,
    CommandBody,
    CustomFields,
    Description,
    Location,
    MeetingUrl,
    Reason,
    ReminderSettings,
    Seats,
    Timezone,
    Title,
    When,
)
from contracts.holds import PlaceHold, ReleaseHold, RenewHold
from contracts.preferences import SetOrganizationPreferences, SetPreferences
from contracts.series import OnConflict, RecurringPattern, Scope


class CreateAppointment(CommandBody):
    """Book an appointment, or a series of them. The organizer defaults to the actor; the id to uuid5(command id, "appointment").

    `ignore_availability` ignores the organizer's own hours and policy, but nobody else's. `hold_id` is used up.
    `seats` limits how many participants there are; members of the organization may then join by themselves.
    """

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
    recurring_pattern: RecurringPattern | None = None
    on_conflict: OnConflict = OnConflict.REFUSE
    reminder_settings: ReminderSettings | None = None
    custom_fields: CustomFields | None = None
    seats: Seats | None = None
    hold_id: UUID | None = None
    ignore_availability: bool = Field(False, strict=True)


class ToAppointment(CommandBody):
    """Fields of every command to an existing appointment; `expected_version` guards against a stale view."""

    appointment_id: UUID
    expected_version: int | None = Field(None, ge=1)


class ToOccurrence(ToAppointment):
    """Fields of a command to occurrences of a series; a single appointment accepts `this` only."""

    scope: Scope = Scope.THIS


class UpdateAppointment(ToOccurrence):
    """Change any fields at once: one decision, one event.

    With a scope, new times move each occurrence by the same amount of wall-clock time.
    """

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
    seats: Seats | None = None
    ignore_availability: bool = Field(False, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _required_stay(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name in ("title", "start_time", "end_time", "timezone", "participant_ids"):
                if name in value and value[name] is None:
                    raise PydanticCustomError("required", "{field} cannot be null", {"field": name})
        return value


class RescheduleAppointment(ToOccurrence):
    """Change the times only."""

    start_time: When
    end_time: When
    timezone: Timezone | None = None
    fold: int = Field(0, ge=0, le=1)
    ignore_availability: bool = Field(False, strict=True)


class ConfirmAppointment(ToOccurrence):
    """A participant confirms their own participation; the organizer confirms the appointment."""


class DeclineAppointment(ToOccurrence):
    """A participant declines: their time is free again."""

    reason: Reason | None = None


class CancelAppointment(ToOccurrence):
    """Call the appointment off."""

    reason: Reason | None = None


class CheckInAppointment(ToAppointment):
    """The actor is there; from 30 minutes before the start until the end."""


class CompleteAppointment(ToAppointment):
    """It took place; from its start on."""


class MarkNoShow(ToAppointment):
    """Mark the appointment as a no-show; allowed from its end on."""


class AnnounceAppointment(ToAppointment):
    """Send every participant who has not declined a message in the sender's own words."""

    message: Announcement


class JoinAppointment(ToAppointment):
    """Take a seat; any member of the organization may. When all are taken, `wait` queues for the next that is freed."""

    wait: bool = Field(False, strict=True)
    ignore_availability: bool = Field(False, strict=True)


class LeaveAppointment(ToAppointment):
    """Give the seat back, or stop waiting for one."""


class ExtendSeries(CommandBody):
    """Book the occurrences of an open-ended series up to its horizon; asked by booking itself, every night."""

    series_id: UUID


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
    | JoinAppointment
    | LeaveAppointment
    | ExtendSeries
    | SetAvailability
    | ImportBusyTimes
    | RemoveBusyTimes
    | PlaceHold
    | ReleaseHold
    | RenewHold
    | SetFeed
    | SubscribeCalendar
    | UnsubscribeCalendar
    | NoteCalendarPoll
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
    "appointment.join": JoinAppointment,
    "appointment.leave": LeaveAppointment,
    "series.extend": ExtendSeries,
    "availability.set": SetAvailability,
    "busy_times.import": ImportBusyTimes,
    "busy_times.remove": RemoveBusyTimes,
    "hold.place": PlaceHold,
    "hold.release": ReleaseHold,
    "hold.renew": RenewHold,
    "feed.set": SetFeed,
    "calendar.subscribe": SubscribeCalendar,
    "calendar.unsubscribe": UnsubscribeCalendar,
    "calendar.note_poll": NoteCalendarPoll,
}

NotifierCommand = SetPreferences | SetOrganizationPreferences

NOTIFIER_COMMANDS: dict[str, type[NotifierCommand]] = {
    "preferences.set": SetPreferences,
    "organization_preferences.set": SetOrganizationPreferences,
}
