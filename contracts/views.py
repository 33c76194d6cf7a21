"""Events of the projector about the current content of the views."""

from uuid import UUID

from pydantic import Field

from contracts.fields import Channel, EventBody, Instant
from contracts.notifications import DeliveryState


class CalendarEntry(EventBody):
    """The fields of an appointment that calendars show; their names and values are those of `Appointment`."""

    title: str
    start_time: Instant
    end_time: Instant
    timezone: str
    status: str
    organizer_id: UUID
    location: str = ""
    meeting_url: str = ""
    confirmation_status: dict[UUID, str]
    waiting: list[UUID] = Field(default_factory=list)
    seats: int | None = None
    series_id: UUID | None = None
    original_start_time: Instant | None = None


class Times(EventBody):
    """The times of an appointment before a change."""

    start_time: Instant
    end_time: Instant


class CalendarChanged(EventBody):
    """Body of `calendar.changed`: the views show `version` of this appointment.

    `change` is the event's type without its prefix (`rescheduled`); `user_ids` are the participants before
    and after the change: a live view goes to them and to the organization's admins only. `was`: the times
    before, if they changed.
    """

    appointment_id: UUID
    version: int = Field(ge=1)
    change: str
    user_ids: list[UUID]
    appointment: CalendarEntry | None = None
    was: Times | None = None


class PreferencesShown(EventBody):
    """Body of `preferences.shown`: the views show this version of a person's preferences."""

    user_id: UUID
    version: int = Field(ge=1)


class OrganizationPreferencesShown(EventBody):
    """Body of `organization_preferences.shown`: the views show this version of an organization's preferences."""

    organization_id: UUID
    version: int = Field(ge=1)


class AvailabilityShown(EventBody):
    """Body of `availability.shown`: the views show this version of a person's availability."""

    user_id: UUID
    version: int = Field(ge=1)


class BusyTimesShown(EventBody):
    """Body of `busy_times.shown`: the views show this version of a person's time that is taken elsewhere."""

    user_id: UUID
    version: int = Field(ge=1)


class HoldShown(EventBody):
    """Body of `hold.shown`: the views show this hold, or that it was released, and whose time it concerns."""

    hold_id: UUID
    version: int = Field(ge=1)
    user_ids: list[UUID] = Field(default_factory=list)
    start_time: Instant | None = None
    end_time: Instant | None = None


class FeedShown(EventBody):
    """Body of `feed.shown`: from now on a person's calendar has the address of this version, and no other."""

    user_id: UUID
    version: int = Field(ge=1)


class SubscriptionsShown(EventBody):
    """Body of `calendar_subscriptions.shown`: the views show this version of a person's subscribed calendars."""

    user_id: UUID
    version: int = Field(ge=1)


class NotificationStatus(EventBody):
    """The current state of a delivery."""

    id: UUID
    recipient_id: UUID
    type: str
    channel: Channel
    state: DeliveryState


class AppointmentStatuses(EventBody):
    """Deliveries of an appointment; for its organizer and the organization's admins, and for each recipient their own."""

    appointment_id: UUID
    organizer_id: UUID | None = None
    notifications: list[NotificationStatus]


class NotificationsChanged(EventBody):
    """Body of `notifications.changed`: the views show these deliveries of the organization in these states.

    A hint for live views: under load one event covers many appointments, and intermediate states are left out.
    """

    appointments: list[AppointmentStatuses]


EVENT_TYPES = {
    "calendar.changed": "An appointment in the views changed.",
    "preferences.shown": "A person's preferences in the views changed.",
    "organization_preferences.shown": "An organization's preferences in the views changed.",
    "availability.shown": "A person's availability in the views changed.",
    "busy_times.shown": "A person's busy times changed in the views.",
    "hold.shown": "A hold in the views changed.",
    "feed.shown": "The address of a person's calendar changed in the views.",
    "calendar_subscriptions.shown": "A person's subscribed calendars changed in the views.",
    "notifications.changed": "Deliveries in the views came to other states.",
}
