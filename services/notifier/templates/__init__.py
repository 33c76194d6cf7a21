"""The seven messages in our own words; every declared variable is always supplied, optional ones perhaps empty."""

from typing import Any

from services.notifier.templates.frame import WHEN_AND_WHERE, template

_WHEN_AND_WHERE = (
    "recipient_name",
    "appointment_title",
    "appointment_date",
    "appointment_time",
    "location",
    "meeting_url",
    "organizer_name",
    "appointment_id",
)
_ORIGINAL = (("Was planned for", "{{original_time}}", None),)
_REASON = (("Reason", "{{cancellation_reason}}", "cancellation_reason"),)
_ORGANIZER = (("Organizer", "{{organizer_name}}", None),)

CONFIRMATION = template(
    "appointment_confirmation_v1",
    "Appointment confirmation",
    variables=[*_WHEN_AND_WHERE, "confirmation_link"],
    subject="Booked: {{appointment_title}}, {{appointment_date}}",
    opening="“{{appointment_title}}” stands in your calendar for {{appointment_date}}, {{appointment_time}}.",
    link=("See the appointment", "confirmation_link"),
    short="Booked: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
    "{{#if location}}, {{location}}{{/if}}. {{confirmation_link}}",
    title="Appointment booked",
)
INVITATION = template(
    "appointment_invitation_v1",
    "Appointment invitation",
    variables=[*_WHEN_AND_WHERE, "confirmation_link"],
    subject="Invitation: {{appointment_title}}, {{appointment_date}}",
    opening="{{organizer_name}} invites you to “{{appointment_title}}” on {{appointment_date}}, "
    "{{appointment_time}}. Please say whether you can come.",
    link=("Accept or decline", "confirmation_link"),
    short="{{organizer_name}} invites you: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}. "
    "Answer: {{confirmation_link}}",
    title="You are invited",
)
UPDATE = template(
    "appointment_update_v1",
    "Appointment update",
    variables=[*_WHEN_AND_WHERE, "update_summary", "appointment_link"],
    subject="Updated: {{appointment_title}}",
    opening="There is news about “{{appointment_title}}” on {{appointment_date}}. {{update_summary}}.",
    link=("See what it looks like now", "appointment_link"),
    short="{{appointment_title}}, {{appointment_date}}: {{update_summary}}. {{appointment_link}}",
    title="Appointment updated",
)
RESCHEDULE = template(
    "appointment_reschedule_v1",
    "Appointment rescheduled",
    variables=[*_WHEN_AND_WHERE, "original_time", "appointment_link"],
    subject="New time: {{appointment_title}}, {{appointment_date}}",
    opening="“{{appointment_title}}” has moved to {{appointment_date}}, {{appointment_time}}.",
    rows=[*WHEN_AND_WHERE, *_ORIGINAL],
    link=("See the new time", "appointment_link"),
    short="New time for {{appointment_title}}: {{appointment_date}}, {{appointment_time}} "
    "(was {{original_time}}). {{appointment_link}}",
    title="Appointment moved",
    priority="high",
)
CANCELLATION = template(
    "appointment_cancellation_v1",
    "Appointment cancellation",
    variables=[
        "recipient_name",
        "appointment_title",
        "original_time",
        "cancellation_reason",
        "organizer_name",
        "appointment_id",
        "appointment_link",
    ],
    subject="Cancelled: {{appointment_title}}",
    opening="“{{appointment_title}}”, planned for {{original_time}}, is cancelled for you.",
    rows=[*_REASON, *_ORGANIZER],
    link=("See the appointment", "appointment_link"),
    short="Cancelled: {{appointment_title}}, {{original_time}}."
    "{{#if cancellation_reason}} {{cancellation_reason}}{{/if}}",
    title="Appointment cancelled",
    priority="high",
)
REMINDER = template(
    "appointment_reminder_v1",
    "Appointment reminder",
    variables=[*_WHEN_AND_WHERE, "time_until", "preparation_notes", "appointment_link"],
    subject="Reminder: {{appointment_title}} {{time_until}}",
    opening="“{{appointment_title}}” begins {{time_until}}: {{appointment_time}}.",
    rows=[*WHEN_AND_WHERE, ("To prepare", "{{preparation_notes}}", "preparation_notes")],
    link=("See the appointment", "appointment_link"),
    short="{{appointment_title}} begins {{time_until}}: {{appointment_time}}{{#if location}}, {{location}}{{/if}}.",
    title="Reminder",
)
FOLLOW_UP = template(
    "appointment_follow_up_v1",
    "After the appointment",
    variables=[
        "recipient_name",
        "appointment_title",
        "appointment_date",
        "organizer_name",
        "appointment_id",
        "appointment_link",
    ],
    subject="After {{appointment_title}}",
    opening="Thank you for taking part in “{{appointment_title}}” on {{appointment_date}}.",
    rows=_ORGANIZER,
    link=("Look back at it", "appointment_link"),
    short="Thank you for taking part in {{appointment_title}}.",
    title="Thank you",
)
ANNOUNCEMENT = template(
    "appointment_announcement_v1",
    "Announcement to the participants",
    variables=[*_WHEN_AND_WHERE, "announcement", "appointment_link"],
    subject="News about {{appointment_title}}, {{appointment_date}}",
    opening="There is a message about “{{appointment_title}}”: {{announcement}}",
    link=("See the appointment", "appointment_link"),
    short="{{appointment_title}}, {{appointment_date}}: {{announcement}}",
    title="A message to all participants",
)

TEMPLATES: tuple[dict[str, Any], ...] = (
    CONFIRMATION,
    INVITATION,
    UPDATE,
    RESCHEDULE,
    CANCELLATION,
    REMINDER,
    FOLLOW_UP,
    ANNOUNCEMENT,
)

VARIABLES: dict[str, tuple[str, ...]] = {item["id"]: tuple(item["variables"]) for item in TEMPLATES}
