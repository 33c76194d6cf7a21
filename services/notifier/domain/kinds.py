"""The kinds of notification: type, template, priority."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of a notification, the same for all recipients."""

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
SEAT = Kind("appointment_seat", "appointment_seat_v1", "high")
DIGEST = Kind("appointment_digest", "appointment_digest_v1")
REMINDER = Kind("appointment_reminder", "appointment_reminder_v1")
FOLLOW_UP = Kind("appointment_follow_up", "appointment_follow_up_v1")
NO_SHOW = Kind("no_show_alert", "no_show_alert_v1")
