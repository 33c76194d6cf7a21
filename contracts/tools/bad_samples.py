"""Hand-written messages that must be refused: contracts/examples/NAME.invalid-FAULT.json, with the expected error."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.catalog import BY_NAME, MessageType
from contracts.tools.samples import JSON, good_example


@dataclass(frozen=True, slots=True)
class Bad:
    """A fault in a good message, and the place that the error must name; a header of None is left out."""

    what: str
    field: str
    code: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str | None] | None = None
    without: str | None = None


_ANY_COMMAND = (
    Bad("no-id", "ce_id", "malformed", headers={"ce_id": None}),
    Bad("no-actor", "actor", "missing", headers={"actor": None}),
    Bad("unknown-field", "colour", "extra_forbidden", {"colour": "red"}),
)
_NEW_TIMES = (
    Bad("zone-unknown", "timezone", "unknown_timezone", {"timezone": "Europe/Atlantis"}),
    Bad("start-a-date", "start_time", "datetime", {"start_time": "2028-03-27"}),
)
_DETAILS = (
    Bad("title-empty", "title", "string_too_short", {"title": "  "}),
    Bad("title-control-character", "title", "control_character", {"title": "a\u0000b"}),
    Bad("url-no-http", "meeting_url", "url", {"meeting_url": "javascript:alert(1)"}),
    Bad("channel-unknown", "reminder_settings.fax.[key]", "enum", {"reminder_settings": {"fax": [5]}}),
    Bad(
        "lead-negative",
        "reminder_settings.sms.0",
        "greater_than_equal",
        {"reminder_settings": {"sms": [-1]}},
    ),
    Bad("participant-no-uuid", "participant_ids.0", "uuid_parsing", {"participant_ids": ["jonas"]}),
)
_MORNING = {"day_of_week": 0, "start_time": "09:00", "end_time": "12:00"}
_TWO_HOURS = {"start_time": "2028-03-27T07:00:00Z", "end_time": "2028-03-27T09:00:00Z"}
_NO_APPOINTMENT = Bad("no-appointment", "appointment_id", "missing", without="appointment_id")
_EVENT_BAD = (
    Bad("no-state", "appointment", "missing", without="appointment"),
    Bad("version-zero", "version", "greater_than_equal", {"version": 0}),
)
_OUTCOME_BAD = (
    Bad("no-command", "command_id", "missing", without="command_id"),
    Bad("status-unknown", "status", "literal_error", {"status": "maybe"}),
)
_NOTIFICATION_BAD = (Bad("state-unknown", "state", "enum", {"state": "lost"}),)
_REMINDER_BAD = (Bad("no-recipient", "recipient_id", "missing", without="recipient_id"),)
_VERSION_BAD = (Bad("version-zero", "version", "greater_than_equal", {"version": 0}),)
_REPORT_BAD = (Bad("no-data", "data", "missing", without="data"),)

_BY_TOPIC: dict[str, tuple[Bad, ...]] = {
    "booking.events": _EVENT_BAD,
    "booking.outcomes": _OUTCOME_BAD,
    "reminders.events": _REMINDER_BAD,
    "notifier.outcomes": _OUTCOME_BAD,
    "notifier.events": _NOTIFICATION_BAD,
    "communication.events": _REPORT_BAD,
    "projector.events": _VERSION_BAD,
}
_BY_NAME: dict[str, tuple[Bad, ...]] = {
    "appointment.create": (
        *_ANY_COMMAND,
        *_NEW_TIMES,
        *_DETAILS,
        Bad("no-title", "title", "missing", without="title"),
        Bad("pattern-empty", "recurring_pattern", "one_form", {"recurring_pattern": {}}),
        Bad(
            "count-endless",
            "recurring_pattern.count",
            "less_than_equal",
            {"recurring_pattern": {"frequency": "daily", "count": 1_000_000_000}},
        ),
        Bad("seats-none", "seats", "greater_than_equal", {"seats": 0}),
    ),
    "availability.set": (
        *_ANY_COMMAND,
        Bad("zone-unknown", "timezone", "unknown_timezone", {"timezone": "Mars/Olympus"}),
        Bad("rules-overlap", "rules", "overlap", {"rules": [_MORNING, _MORNING | {"start_time": "10:00"}]}),
        Bad(
            "ends-before-start", "rules.0", "end_before_start", {"rules": [_MORNING | {"end_time": "08:00"}]}
        ),
        Bad(
            "no-time",
            "rules.0.end_time",
            "string_pattern_mismatch",
            {"rules": [_MORNING | {"end_time": "24:01"}]},
        ),
        Bad(
            "date-twice",
            "overrides",
            "duplicate",
            {"overrides": [{"date": "2028-03-27", "ranges": []}, {"date": "2028-03-27", "ranges": []}]},
        ),
        Bad("step-zero", "policy.step", "greater_than_equal", {"policy": {"step": 0}}),
    ),
    "busy_times.import": (
        *_ANY_COMMAND,
        Bad("no-uid", "busy_times.0.uid", "missing", {"busy_times": [_TWO_HOURS]}),
        Bad(
            "no-offset",
            "busy_times.0.start_time",
            "timezone_aware",
            {"busy_times": [_TWO_HOURS | {"uid": "a", "start_time": "2028-03-27T07:00:00"}]},
        ),
        Bad("uid-nul", "removed.0", "control_character", {"removed": ["a\0"]}),
        Bad("no-source", "", "no_source", {"replaces": {"total": 1}}),
        Bad("total-negative", "replaces.total", "greater_than_equal", {"replaces": {"total": -1}}),
    ),
    "busy_times.remove": (*_ANY_COMMAND, Bad("source-nul", "source", "control_character", {"source": "a\0"})),
    "hold.place": (
        *_ANY_COMMAND,
        *_NEW_TIMES,
        Bad("too-long", "expires_in", "less_than_equal", {"expires_in": 601}),
    ),
    "hold.renew": (
        *_ANY_COMMAND,
        Bad("no-hold", "hold_id", "missing", without="hold_id"),
        Bad("too-long", "expires_in", "less_than_equal", {"expires_in": 601}),
    ),
    "hold.release": (*_ANY_COMMAND, Bad("no-hold", "hold_id", "missing", without="hold_id")),
    "feed.set": (
        *_ANY_COMMAND,
        Bad("no-hash", "token_hash", "missing", without="token_hash"),
        Bad("a-secret", "token_hash", "string_pattern_mismatch", {"token_hash": "the secret itself"}),
    ),
    "calendar.subscribe": (
        *_ANY_COMMAND,
        Bad("no-name", "name", "string_too_short", {"name": "  "}),
        Bad("no-address", "sealed", "missing", without="sealed"),
        Bad("zone-unknown", "timezone", "unknown_timezone", {"timezone": "Mars/Olympus"}),
    ),
    "calendar.unsubscribe": (
        *_ANY_COMMAND,
        Bad("no-subscription", "subscription_id", "missing", without="subscription_id"),
    ),
    "calendar.note_poll": (*_ANY_COMMAND, Bad("nobody", "user_id", "missing", without="user_id")),
    "series.extend": (*_ANY_COMMAND, Bad("no-series", "series_id", "missing", without="series_id")),
    "series.changed": (*_VERSION_BAD, Bad("no-series", "series", "missing", without="series")),
    "availability.changed": (*_VERSION_BAD, Bad("nobody", "user_id", "missing", without="user_id")),
    "feed.changed": (*_VERSION_BAD, Bad("nobody", "user_id", "missing", without="user_id")),
    "calendar_subscriptions.changed": (
        *_VERSION_BAD,
        Bad("nobody", "user_id", "missing", without="user_id"),
    ),
    "busy_times.changed": (*_VERSION_BAD, Bad("nobody", "user_id", "missing", without="user_id")),
    **dict.fromkeys(("hold.placed", "hold.released"), (Bad("no-hold", "hold", "missing", without="hold"),)),
    "appointment.update": (
        *_ANY_COMMAND,
        *_NEW_TIMES,
        *_DETAILS,
        _NO_APPOINTMENT,
        Bad("title-null", "", "required", {"title": None}),
    ),
    "appointment.reschedule": (*_ANY_COMMAND, *_NEW_TIMES, _NO_APPOINTMENT),
    "appointment.decline": (
        *_ANY_COMMAND,
        _NO_APPOINTMENT,
        Bad("reason-too-long", "reason", "string_too_long", {"reason": "x" * 1_001}),
    ),
    "appointment.announce": (
        *_ANY_COMMAND,
        _NO_APPOINTMENT,
        Bad("message-empty", "message", "string_too_short", {"message": " \n "}),
        Bad("message-too-long", "message", "string_too_long", {"message": "x" * 2_001}),
    ),
    "preferences.set": (
        *_ANY_COMMAND,
        Bad("zone-unknown", "timezone", "unknown_timezone", {"timezone": "Mars/Olympus"}),
        Bad("switch-a-word", "channels.sms", "bool_type", {"channels": {"sms": "yes"}}),
        Bad("type-unknown", "types.lunch.[key]", "enum", {"types": {"lunch": {"email": True}}}),
        Bad("lead-negative", "lead_times.sms.0", "greater_than_equal", {"lead_times": {"sms": [-1]}}),
        Bad("leads-too-many", "lead_times.sms", "too_long", {"lead_times": {"sms": list(range(11))}}),
        Bad("lead-a-word", "lead_times.sms.0", "int_type", {"lead_times": {"sms": ["soon"]}}),
        Bad(
            "quiet-for-nothing",
            "quiet_hours",
            "zero_length",
            {"quiet_hours": {"start": "22:00", "end": "22:00"}},
        ),
        Bad(
            "quiet-no-time",
            "quiet_hours.end",
            "string_pattern_mismatch",
            {"quiet_hours": {"start": "22:00", "end": "25:00"}},
        ),
        Bad(
            "digest-no-time",
            "digest.at",
            "string_pattern_mismatch",
            {"digest": {"enabled": True, "at": "6pm"}},
        ),
    ),
    "organization_preferences.set": (
        *_ANY_COMMAND,
        Bad(
            "zone-unknown",
            "defaults.timezone",
            "unknown_timezone",
            {"defaults": {"timezone": "Mars/Olympus"}},
        ),
        Bad("type-unknown", "mandatory.lunch.[key]", "enum", {"mandatory": {"lunch": ["email"]}}),
        Bad(
            "channel-unknown",
            "mandatory.appointment_cancelled.0",
            "enum",
            {"mandatory": {"appointment_cancelled": ["pigeon"]}},
        ),
        Bad(
            "quiet-for-nothing",
            "defaults.quiet_hours",
            "zero_length",
            {"defaults": {"quiet_hours": {"start": "22:00", "end": "22:00"}}},
        ),
    ),
    "notifications.changed": (Bad("no-appointments", "appointments", "missing", without="appointments"),),
    "intake.paused": (Bad("for-an-hour", "seconds", "less_than_equal", {"seconds": 3600}),),
    "preferences.changed": _VERSION_BAD,
    "organization_preferences.changed": _VERSION_BAD,
    **dict.fromkeys(("channel.suspended", "channel.restored"), _VERSION_BAD),
}


def bad(message: MessageType) -> tuple[Bad, ...]:
    """The ways in which a message of this kind is shown to be bad."""
    if message.topic.kind == "commands":
        return _BY_NAME.get(message.name, (*_ANY_COMMAND, _NO_APPOINTMENT))
    return _BY_NAME.get(message.name) or _BY_TOPIC[message.topic.name]


def bad_examples(name: str) -> Iterator[tuple[str, JSON]]:
    """Return bad messages of this kind by their fault, with the expected error."""
    good = good_example(name)
    for case in bad(BY_NAME[name]):
        given = good["headers"] | dict(case.headers or {})
        value = good["value"] | dict(case.body or {})
        value.pop(case.without, None)
        yield (
            case.what,
            {
                "expect": {"field": case.field, "code": case.code},
                "topic": good["topic"],
                "headers": {key: text for key, text in given.items() if text is not None},
                "value": value,
            },
        )
