"""The kinds of notification: type, template, priority, and the channels that the template has texts for."""

from dataclasses import dataclass

from notifications.preferences import EMAIL, IN_APP, PUSH, SMS

# Confirmation, reminder, cancellation, reschedule and follow-up as the requirements list them; invitation and update,
# which they use without listing, can be told on every channel.
TEMPLATE_CHANNELS: dict[str, tuple[str, ...]] = {
    "appointment_confirmation_v1": (EMAIL, SMS, IN_APP),
    "appointment_invitation_v1": (EMAIL, SMS, IN_APP, PUSH),
    "appointment_update_v1": (EMAIL, SMS, IN_APP, PUSH),
    "appointment_reschedule_v1": (EMAIL, SMS, IN_APP),
    "appointment_cancellation_v1": (EMAIL, SMS, IN_APP, PUSH),
    "appointment_reminder_v1": (EMAIL, SMS, IN_APP, PUSH),
    "appointment_follow_up_v1": (EMAIL, IN_APP),
    "appointment_announcement_v1": (EMAIL, SMS, IN_APP, PUSH),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a notification is, whoever gets it."""

    type: str
    template_id: str
    priority: str = "normal"


CREATED = Kind("appointment_created", "appointment_confirmation_v1")
INVITATION = Kind("appointment_invitation", "appointment_invitation_v1")
UPDATED = Kind("appointment_updated", "appointment_update_v1")
RESCHEDULED = Kind("appointment_rescheduled", "appointment_reschedule_v1", "high")
CONFIRMED = Kind("appointment_confirmed", "appointment_confirmation_v1")
CANCELLED = Kind("appointment_cancelled", "appointment_cancellation_v1", "high")
ANNOUNCEMENT = Kind("appointment_announcement", "appointment_announcement_v1")
REMINDER = Kind("appointment_reminder", "appointment_reminder_v1")
