"""Every call of the interface: what it does, what it takes, an example of what it answers."""

from collections.abc import Mapping

from services.ingress.api import examples
from services.ingress.api.operation import Call
from services.ingress.api.scheduling_operations import SCHEDULING

_FROM_TO = (
    ("from", "string", "RFC 3339; appointments that end after this instant"),
    ("to", "string", "RFC 3339; appointments that start before this instant, at most 366 days after `from`"),
)
_SCOPE = (
    (
        "scope",
        "string",
        "Of a series: `this` occurrence (if absent), it and the `following` ones, or `all` to come",
    ),
)
_MIN_VERSION = (("min_version", "integer", "Wait up to 2 s until the views show this version"),)
CALLS: Mapping[str, Call] = {
    "create": Call(
        "Book an appointment",
        "write",
        examples.APPOINTMENT,
        201,
        schema="Appointment",
        body=examples.CREATE,
        body_schema="CreateAppointment",
        description="The organizer is the caller unless an admin names another. A time without an offset is local in "
        "`timezone`. The answer comes when the command is decided and the views show it. With a `recurring_pattern` it is "
        "the first of a series, with `series_id`, all `occurrences`, and what was `skipped` by `on_conflict: skip`. "
        "`hold_id` uses up a hold; `seats` lets members join. A time that is taken (409) or not offered (422 "
        "`unavailable`) is refused with the nearest `alternatives`.",
    ),
    "list": Call(
        "List appointments",
        "read",
        {"items": [examples.APPOINTMENT], "next_cursor": None},
        query=(
            *_FROM_TO,
            ("status", "string", "One or several, separated by commas"),
            ("participant_id", "string", "Who takes part, the organizer included"),
            ("client_id", "string", "The client it is for"),
            ("q", "string", "Text in title, location or description"),
            ("limit", "integer", "1 to 500, 50 if absent"),
            ("cursor", "string", "`next_cursor` of the page before"),
        ),
        description="What the caller takes part in; an admin sees the whole organization. Ordered by start.",
    ),
    "appointment": Call(
        "Read an appointment",
        "read",
        examples.APPOINTMENT,
        schema="Appointment",
        query=(*_MIN_VERSION, ("include", "string", "`history` adds every version and what it changed")),
    ),
    "update": Call(
        "Change an appointment",
        "write",
        examples.RESCHEDULED,
        schema="Appointment",
        body={"start_time": "2027-03-01T14:00:00", "end_time": "2027-03-01T14:30:00"},
        body_schema="UpdateAppointment",
        query=_SCOPE,
        description="With a scope, new times move each occurrence by the same amount of wall-clock time. What is absent stays, null clears. `If-Match` with the ETag refuses a change of a stale version.",
    ),
    "cancel": Call(
        "Cancel an appointment",
        "write",
        examples.CANCELLED,
        schema="Appointment",
        query=(*_SCOPE, ("reason", "string", "At most 1,000 characters")),
    ),
    "confirm": Call(
        "Confirm",
        "write",
        examples.CONFIRMED,
        schema="Appointment",
        query=_SCOPE,
        description="A participant for themself.",
    ),
    "decline": Call(
        "Decline",
        "write",
        {**examples.APPOINTMENT, "confirmation_status": {examples.BEN: "declined"}, "version": 2},
        schema="Appointment",
        query=_SCOPE,
        body={"reason": "On holiday"},
        body_schema="DeclineAppointment",
    ),
    "check-in": Call(
        "Check in", "write", examples.CHECKED_IN, schema="Appointment", description="From 30 minutes before."
    ),
    "complete": Call(
        "Say that it took place",
        "write",
        examples.COMPLETED,
        schema="Appointment",
        description="After its start.",
    ),
    "announce": Call(
        "Tell all participants something",
        "write",
        {**examples.CONFIRMED, "version": 3},
        schema="Appointment",
        body={"message": "Please bring last year's figures."},
        body_schema="AnnounceAppointment",
        description="For the organizer and admins. Everybody who has not declined gets the message by the channels that "
        "they want. At most 60 announcements an hour for an organization.",
    ),
    "notifications": Call(
        "What was sent to whom, and what became of it",
        "read",
        examples.NOTIFICATIONS,
        query=_MIN_VERSION,
        description="Of everybody for the organizer and admins, their own for a participant; in the order of planning.",
    ),
    "analytics": Call(
        "What became of the organization's notifications, in numbers",
        "read",
        examples.ANALYTICS,
        query=(
            ("from", "string", "RFC 3339; what was planned from this instant on, 31 days ago if absent"),
            ("to", "string", "RFC 3339; what was planned before this instant, at most 366 days after `from`"),
        ),
        description="For admins: an item for each UTC day of planning, type and channel. `sent` is what the "
        "Communication Service accepted, whatever became of it; the other counts tell where deliveries stand now. Times "
        "are exact, in seconds from the event.",
    ),
    "calendar": Call(
        "Read a calendar",
        "read",
        examples.CALENDAR,
        query=(*_FROM_TO, ("user_id", "string", "A colleague's; the caller's own if absent")),
        description="From today for 31 days unless `from` and `to` say otherwise. Of a colleague's appointments only "
        "those are shown in which the caller takes part, the rest as busy ranges; an admin sees all.",
    ),
    "command": Call(
        "What became of a command", "read", examples.OUTCOME, schema="Outcome", description="For its actor."
    ),
    "preferences": Call(
        "Read your notification preferences",
        "read",
        examples.PREFERENCES,
        description="What holds for you: what you said, else what your organization says, else the defaults. "
        "`timezone` and `locale` of null follow your account.",
    ),
    "set_preferences": Call(
        "Replace your notification preferences",
        "write",
        examples.PREFERENCES,
        body=examples.PREFERENCES,
        body_schema="SetPreferences",
        description="What is absent, or a switch of null, follows your organization. `quiet_hours` of null are none at "
        "all. A type's channel wins over the channel; what your organization makes mandatory stays on.",
    ),
    "explain_preferences": Call(
        "Explain on which channels a type of notification comes, and why",
        "read",
        examples.EXPLANATION,
        query=(
            ("type", "string", "Such as `appointment_reminder`"),
            ("user_id", "string", "Somebody of your organization, for admins; yourself if absent"),
        ),
        description="`level` is what decides: `always`, `mandatory`, `type` or `person` (you said so), `organization`, "
        "`default`, `template` (there is no text for that channel) or `suspended` (the address gave trouble).",
    ),
    "organization_preferences": Call(
        "Read what holds for everybody in your organization",
        "read",
        examples.ORGANIZATION_PREFERENCES,
        description="For admins. `defaults` is what holds for who says nothing.",
    ),
    "set_organization_preferences": Call(
        "Replace what holds for everybody in your organization",
        "write",
        examples.ORGANIZATION_PREFERENCES,
        body=examples.ORGANIZATION_PREFERENCES,
        body_schema="SetOrganizationPreferences",
        description="For admins. `mandatory` names channels of a type that nobody can switch off.",
    ),
    "webhook": Call(
        "Report what became of a notification",
        "signed",
        {"id": examples.REPORT_ID, "status": "accepted"},
        202,
        body=examples.REPORT,
        body_schema="CommunicationEvent",
        description="For the Communication Service, where it does not write to communication.events itself. "
        '`X-Signature: t=<unix seconds>,v1=<hex hmac-sha256 of "t.body">`; refused when it is older than five '
        "minutes or was seen before. 202 when Kafka has it; after 503 send it again: it counts once.",
    ),
    "template_preview": Call(
        "See what a notification looks like",
        "read",
        examples.PREVIEW,
        query=(
            ("channel", "string", "email (if absent), sms, in_app or push"),
            ("locale", "string", "Such as `de-AT`; a language that we do not write gets English"),
        ),
        description="The texts of a type of notification (`appointment_reminder` …) on one channel, with sample data. "
        "`locale` in the answer is the language that they are written in. 422 if that type is never sent on the channel.",
    ),
    "stream": Call(
        "Follow your calendar live",
        "read",
        examples.STREAM,
        media="text/event-stream",
        description="Server-sent events. `Last-Event-ID` resumes up to ten minutes back; an older or unreadable one "
        "gets `event: reset`: read the calendar again. An admin gets the whole organization's. "
        "`notification.changed` tells where notifications of an appointment stand: all of them for its organizer and "
        "admins, their own for a recipient; it may come twice.",
    ),
    "health": Call("Whether the ingress is ready, and what is down", "open", examples.HEALTH),
    "live": Call("Whether the ingress should go on", "open", {"service": "ingress", "live": True}),
    **SCHEDULING,
    "metrics": Call("Metrics for Prometheus", "open", "# HELP ...", media="text/plain"),
}
