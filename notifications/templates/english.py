"""All messages in English."""

from notifications.templates.words import Language, Words

_SERIES = "{{#if series_occurrences}} It is about {{series_occurrences}} appointments of the series.{{/if}}"

ENGLISH = Language(
    code="en",
    greeting="Hello{{#if recipient_name}} {{recipient_name}}{{/if}},",
    because="You get this message because you take part in the appointment.",
    labels={
        "date": "Date",
        "time": "Time",
        "place": "Place",
        "online": "Join online",
        "organizer": "Organizer",
        "original": "Was planned for",
        "reason": "Reason",
        "preparation": "To prepare",
        "repeats": "Repeats",
        "occurrences": "Appointments",
    },
    words={
        "appointment_confirmation_v1": Words(
            name="Appointment confirmation",
            subject="Booked: {{appointment_title}}, {{appointment_date}}",
            title="Appointment booked",
            opening="“{{appointment_title}}” stands in your calendar for {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}.",
            short="Booked: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}"
            "{{#if location}}, {{location}}{{/if}}. {{confirmation_link}}",
            button="See the appointment",
        ),
        "appointment_invitation_v1": Words(
            name="Appointment invitation",
            subject="Invitation: {{appointment_title}}, {{appointment_date}}",
            title="You are invited",
            opening="{{organizer_name}} invites you to “{{appointment_title}}” on {{appointment_date}}, "
            "{{appointment_time}}{{#if series_pattern}}, {{series_pattern}}{{/if}}. Please say whether you can come.",
            short="{{organizer_name}} invites you: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}. "
            "Answer: {{confirmation_link}}",
            button="Accept or decline",
            because="You get this message because {{organizer_name}} wants you to take part.",
        ),
        "appointment_update_v1": Words(
            name="Appointment update",
            subject="Updated: {{appointment_title}}",
            title="Appointment updated",
            opening="There is news about “{{appointment_title}}” on {{appointment_date}}. {{update_summary}}."
            + _SERIES,
            short="{{appointment_title}}, {{appointment_date}}: {{update_summary}}. {{appointment_link}}",
            button="See what it looks like now",
        ),
        "appointment_reschedule_v1": Words(
            name="Appointment rescheduled",
            subject="New time: {{appointment_title}}, {{appointment_date}}",
            title="Appointment moved",
            opening="“{{appointment_title}}” has moved to {{appointment_date}}, {{appointment_time}}."
            + _SERIES,
            short="New time for {{appointment_title}}: {{appointment_date}}, {{appointment_time}} "
            "(was {{original_time}})." + _SERIES + " {{appointment_link}}",
            button="See the new time",
        ),
        "appointment_cancellation_v1": Words(
            name="Appointment cancellation",
            subject="Cancelled: {{appointment_title}}",
            title="Appointment cancelled",
            opening="“{{appointment_title}}”, planned for {{original_time}}, is cancelled for you." + _SERIES,
            short="Cancelled: {{appointment_title}}, {{original_time}}."
            + _SERIES
            + "{{#if cancellation_reason}} {{cancellation_reason}}{{/if}}",
            button="See the appointment",
            because="You get this message because you were to take part in the appointment.",
        ),
        "appointment_reminder_v1": Words(
            name="Appointment reminder",
            subject="Reminder: {{appointment_title}} {{time_until}}",
            title="Reminder",
            opening="“{{appointment_title}}” begins {{time_until}}: {{appointment_time}}.",
            short="{{appointment_title}} begins {{time_until}}: {{appointment_time}}"
            "{{#if location}}, {{location}}{{/if}}.",
            button="See the appointment",
        ),
        "appointment_follow_up_v1": Words(
            name="After the appointment",
            subject="After {{appointment_title}}",
            title="Thank you",
            opening="Thank you for taking part in “{{appointment_title}}” on {{appointment_date}}.",
            short="Thank you for taking part in {{appointment_title}}.",
            button="Look back at it",
            because="You get this message because you took part in the appointment.",
        ),
        "no_show_alert_v1": Words(
            name="No-show alert",
            subject="Nobody came: {{appointment_title}}, {{appointment_date}}",
            title="Nobody came",
            opening="Nobody checked in to “{{appointment_title}}” on {{appointment_date}}, {{appointment_time}}, "
            "and nobody completed it. It now stands as a no-show.",
            short="No-show: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}. {{appointment_link}}",
            button="See the appointment",
            because="You get this message because you organized the appointment.",
        ),
        "appointment_digest_v1": Words(
            name="Daily digest",
            subject="Your appointments, {{digest_date}}: news ({{digest_count}})",
            title="Your news of the day",
            opening="This is new around your appointments:",
            short="News about your appointments, {{digest_date}}: {{digest_count}}. It is all in the app.",
            because="You get one message a day instead of many. Your notification preferences can change that.",
        ),
        "appointment_announcement_v1": Words(
            name="Announcement",
            subject="To everybody in {{appointment_title}}, {{appointment_date}}",
            title="Message to everybody",
            opening="There is a message to everybody who takes part in “{{appointment_title}}” "
            "on {{appointment_date}}:",
            short="To everybody in {{appointment_title}}, {{appointment_date}}: {{announcement}}",
            button="See the appointment",
        ),
        "appointment_seat_v1": Words(
            name="A seat for who waited",
            subject="You have a seat: {{appointment_title}}, {{appointment_date}}",
            title="A seat for you",
            opening="You waited for a seat in “{{appointment_title}}”, and now you have one: {{appointment_date}}, "
            "{{appointment_time}}. If you cannot come, please give it back.",
            short="You have a seat now: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if location}}, {{location}}{{/if}}. {{appointment_link}}",
            button="See the appointment",
            because="You get this message because you waited for a seat.",
        ),
    },
)
