"""All messages in English."""

from notifications.templates.language import Language, Words

_SERIES = (
    "{{#if series_occurrences}} This applies to {{series_occurrences}} appointments of the series.{{/if}}"
)

ENGLISH = Language(
    code="en",
    greeting="Hello{{#if recipient_name}} {{recipient_name}}{{/if}},",
    because="You received this because you take part in the appointment.",
    labels={
        "date": "Date",
        "time": "Time",
        "place": "Place",
        "online": "Join online",
        "organizer": "Organizer",
        "original": "Original time",
        "reason": "Reason",
        "preparation": "Preparation",
        "repeats": "Repeats",
        "occurrences": "Appointments",
    },
    words={
        "appointment_confirmation_v1": Words(
            name="Appointment confirmation",
            subject="Booked: {{appointment_title}}, {{appointment_date}}",
            title="Appointment booked",
            opening="“{{appointment_title}}” is in your calendar: {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}.",
            short="Booked: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}"
            "{{#if location}}, {{location}}{{/if}}. {{confirmation_link}}",
            button="View the appointment",
        ),
        "appointment_invitation_v1": Words(
            name="Appointment invitation",
            subject="Invitation: {{appointment_title}}, {{appointment_date}}",
            title="You are invited",
            opening="{{organizer_name}} invites you to “{{appointment_title}}” on {{appointment_date}}, "
            "{{appointment_time}}{{#if series_pattern}}, {{series_pattern}}{{/if}}. Please let us know whether you can come.",
            short="{{organizer_name}} invites you: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}. "
            "Answer: {{confirmation_link}}",
            button="Accept or decline",
            because="You received this because {{organizer_name}} invited you.",
        ),
        "appointment_update_v1": Words(
            name="Appointment update",
            subject="Updated: {{appointment_title}}",
            title="Appointment updated",
            opening="“{{appointment_title}}” on {{appointment_date}} has been updated. {{update_summary}}."
            + _SERIES,
            short="{{appointment_title}}, {{appointment_date}}: {{update_summary}}. {{appointment_link}}",
            button="View the appointment",
        ),
        "appointment_reschedule_v1": Words(
            name="Appointment rescheduled",
            subject="New time: {{appointment_title}}, {{appointment_date}}",
            title="Appointment moved",
            opening="“{{appointment_title}}” has moved to {{appointment_date}}, {{appointment_time}}."
            + _SERIES,
            short="New time for {{appointment_title}}: {{appointment_date}}, {{appointment_time}} "
            "(was {{original_time}})." + _SERIES + " {{appointment_link}}",
            button="View the new time",
        ),
        "appointment_cancellation_v1": Words(
            name="Appointment cancellation",
            subject="Cancelled: {{appointment_title}}",
            title="Appointment cancelled",
            opening="“{{appointment_title}}”, planned for {{original_time}}, has been cancelled for you."
            + _SERIES,
            short="Cancelled: {{appointment_title}}, {{original_time}}."
            + _SERIES
            + "{{#if cancellation_reason}} {{cancellation_reason}}{{/if}}",
            button="View the appointment",
            because="You received this because you were invited to this appointment.",
        ),
        "appointment_reminder_v1": Words(
            name="Appointment reminder",
            subject="Reminder: {{appointment_title}} {{time_until}}",
            title="Reminder",
            opening="“{{appointment_title}}” begins {{time_until}}: {{appointment_time}}.",
            short="{{appointment_title}} begins {{time_until}}: {{appointment_time}}"
            "{{#if location}}, {{location}}{{/if}}.",
            button="View the appointment",
        ),
        "appointment_follow_up_v1": Words(
            name="After the appointment",
            subject="After {{appointment_title}}",
            title="Thank you",
            opening="Thank you for taking part in “{{appointment_title}}” on {{appointment_date}}.",
            short="Thank you for taking part in {{appointment_title}}.",
            button="View the appointment",
            because="You received this because you took part in the appointment.",
        ),
        "no_show_alert_v1": Words(
            name="No-show alert",
            subject="No-show: {{appointment_title}}, {{appointment_date}}",
            title="No-show",
            opening="Nobody checked in to “{{appointment_title}}” on {{appointment_date}}, {{appointment_time}}, "
            "and it was not completed. It was marked as a no-show.",
            short="No-show: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}. {{appointment_link}}",
            button="View the appointment",
            because="You received this because you organized the appointment.",
        ),
        "appointment_digest_v1": Words(
            name="Daily digest",
            subject="Your daily summary for {{digest_date}} ({{digest_count}})",
            title="Your daily summary",
            opening="Updates to your appointments:",
            short="Your daily summary for {{digest_date}}: updates to your appointments ({{digest_count}}). "
            "See the app for details.",
            because="You received this summary in place of single messages. You can change this in your "
            "notification preferences.",
        ),
        "appointment_announcement_v1": Words(
            name="Announcement",
            subject="Message about {{appointment_title}}, {{appointment_date}}",
            title="Message to all participants",
            opening="A message to all participants of “{{appointment_title}}” on {{appointment_date}}:",
            short="Message about {{appointment_title}}, {{appointment_date}}: {{announcement}}",
            button="View the appointment",
        ),
        "appointment_seat_v1": Words(
            name="Seat available",
            subject="Seat available: {{appointment_title}}, {{appointment_date}}",
            title="You have a seat",
            opening="A seat in “{{appointment_title}}” became available, and it is yours: {{appointment_date}}, "
            "{{appointment_time}}. If you cannot come, please give it up so that others can have it.",
            short="You have a seat: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if location}}, {{location}}{{/if}}. {{appointment_link}}",
            button="View the appointment",
            because="You received this because you were on the waiting list.",
        ),
    },
)
