"""A hand-written message of every kind, published as contracts/examples/NAME.valid.json."""

from typing import Any

from contracts.catalog import BY_NAME, MessageType

JSON = dict[str, Any]

# Two people of the sandbox and their organization, so that the commands can be published as they are.
GRETA = "af4de495-b308-5482-ba74-aa96b3b9148f"
JONAS = "ab0f950d-f4c6-5780-96ef-db98546400ea"
ORGANIZATION = "9bcb3bfb-369c-55c1-b204-b9efb4604aa0"
APPOINTMENT = "0d7c1d7e-4b0e-5f43-8d0c-2a9a7c1e5b04"
COMMAND = "3d1f9a52-5d0c-4a55-9d0b-6a3c2f4f8a05"
EVENT = "77d0b3c4-5c1e-5a0a-9a55-0d7f2b1f6f06"
NOTIFICATION = "b6a2cc0e-5a4b-5d21-8c1e-3f6a9d2b7c07"
CLIENT = "c0ffee00-0000-4000-8000-000000000008"
SERIES = "5e71e500-5c1e-5a0a-9a55-0d7f2b1f6f09"
HOLD = "401d0000-5c1e-5a0a-9a55-0d7f2b1f6f0a"
SUBSCRIPTION = "5ab50000-5c1e-5a0a-9a55-0d7f2b1f6f0a"


_TO_APPOINTMENT: JSON = {"appointment_id": APPOINTMENT}
_STATE: JSON = {
    "id": APPOINTMENT,
    "organization_id": ORGANIZATION,
    "organizer_id": GRETA,
    "participant_ids": [JONAS],
    "client_id": CLIENT,
    "start_time": "2028-03-27T07:00:00Z",
    "end_time": "2028-03-27T08:00:00Z",
    "timezone": "Europe/Berlin",
    "title": "Quarterly review",
    "description": "",
    "location": "Room 2",
    "meeting_url": "",
    "status": "pending",
    "confirmation_status": {JONAS: "pending"},
    "checked_in": {},
    "recurring_pattern": None,
    "reminder_settings": {"email": [1440, 60], "in_app": [15]},
    "custom_fields": {"room": 2},
    "version": 1,
    "created_at": "2028-03-01T12:00:00Z",
    "created_by": GRETA,
    "updated_at": "2028-03-01T12:00:00Z",
    "updated_by": GRETA,
    "cancellation_reason": None,
}
_PEOPLE = [
    {"id": GRETA, "name": "Greta Albrecht", "timezone": "Europe/Berlin", "locale": "de"},
    {"id": JONAS, "name": "Jonas Becker", "timezone": "Europe/Berlin", "locale": "de"},
]
_EVENT: JSON = {
    "appointment_id": APPOINTMENT,
    "version": 1,
    "appointment": _STATE,
    "changes": [],
    "people": _PEOPLE,
    "actor": GRETA,
}
_NOTIFICATION: JSON = {
    "notification_id": NOTIFICATION,
    "appointment_id": APPOINTMENT,
    "event_id": EVENT,
    "type": "appointment_invitation",
    "recipient_id": JONAS,
    "channel": "email",
    "priority": "normal",
    "state": "sent",
    "attempts": 1,
    "planned_at": "2028-03-01T12:00:00Z",
    "sent_at": "2028-03-01T12:00:01Z",
}
_REMINDER: JSON = {
    "appointment_id": APPOINTMENT,
    "version": 1,
    "recipient_id": JONAS,
    "channels": ["email", "in_app"],
    "lead_minutes": 60,
    "due_at": "2028-03-27T06:00:00Z",
    "appointment": _STATE,
    "people": _PEOPLE,
}
_PREFERENCES: JSON = {
    "timezone": "Asia/Tokyo",
    "locale": "en",
    "channels": {"email": True, "sms": True, "push": False},
    "types": {"appointment_reminder": {"email": False}},
    "lead_times": {"sms": [1440, 60]},
    "quiet_hours": {"start": "22:00", "end": "07:00"},
    "digest": {"enabled": True, "at": "18:00"},
}
_ORGANIZATION_PREFERENCES: JSON = {
    "defaults": {
        "locale": "de",
        "channels": {"sms": True},
        "quiet_hours": {"start": "21:00", "end": "06:00"},
    },
    "mandatory": {"appointment_cancelled": ["email"]},
}

_SUSPENSION: JSON = {
    "user_id": JONAS,
    "channel": "email",
    "version": 1,
    "since": "2028-03-01T12:00:05Z",
    "reason": "no such address",
    "notification_id": NOTIFICATION,
}


def _changed(version: int, changes: list[tuple[str, Any, Any]], **state: Any) -> JSON:
    return _EVENT | {
        "version": version,
        "appointment": _STATE | state | {"version": version},
        "changes": [{"field": field, "old": old, "new": new} for field, old, new in changes],
    }


def _delivery(state: str, **more: Any) -> JSON:
    return _NOTIFICATION | {"state": state} | more


def _report(kind: str, **more: Any) -> JSON:
    data = {
        "entity_type": "appointment",
        "entity_id": APPOINTMENT,
        "channel": "email",
        "recipient": JONAS,
        "timestamp": "2028-03-01T12:00:05Z",
        "idempotency_key": NOTIFICATION,
    }
    return {"type": kind, "data": data | more}


def _times(start: str, end: str) -> tuple[list[tuple[str, Any, Any]], JSON]:
    new = {"start_time": start, "end_time": end}
    return [(field, _STATE[field], value) for field, value in new.items()], new


_AVAILABILITY: JSON = {
    "user_id": GRETA,
    "timezone": "Europe/Berlin",
    "rules": [
        {
            "day_of_week": 0,
            "start_time": "09:00",
            "end_time": "17:00",
            "is_active": True,
            "effective_from": "2027-01-01",
            "effective_until": None,
        }
    ],
    "overrides": [
        {"date": "2028-03-27", "ranges": [{"start_time": "10:00", "end_time": "12:00"}]},
        {"date": "2028-04-17", "ranges": []},
    ],
    "policy": {
        "buffer_before": 5,
        "buffer_after": 10,
        "minimum_notice": 60,
        "horizon_days": 365,
        "step": 15,
        "min_duration": 15,
        "max_duration": 240,
        "max_per_day": 8,
    },
}
_BUSY: JSON = {
    "busy_times": [
        {
            "uid": "standup@elsewhere.example",
            "start_time": "2028-03-27T07:00:00Z",
            "end_time": "2028-03-27T07:30:00Z",
        }
    ],
    "removed": ["lunch@elsewhere.example"],
}
_HOLD: JSON = {
    "hold_id": HOLD,
    "hold": {
        "id": HOLD,
        "organization_id": ORGANIZATION,
        "owner_id": GRETA,
        "user_ids": [GRETA, JONAS],
        "start_time": "2028-03-27T07:00:00Z",
        "end_time": "2028-03-27T08:00:00Z",
        "expires_at": "2028-03-01T12:05:00Z",
    },
    "actor": GRETA,
}
_PATTERN: JSON = {"frequency": "weekly", "interval": 1, "days_of_week": [0], "count": 10}
_SERIES_EVENT: JSON = {
    "series_id": SERIES,
    "version": 1,
    "change": "created",
    "scope": "all",
    "series": {
        "id": SERIES,
        "organization_id": ORGANIZATION,
        "organizer_id": GRETA,
        "timezone": "Europe/Berlin",
        "local_start": "2028-03-27T09:00:00",
        "rrule": "FREQ=WEEKLY;COUNT=10;BYDAY=MO",
        "recurring_pattern": _PATTERN,
        "version": 1,
    },
    "appointment": _STATE
    | {
        "series_id": SERIES,
        "original_start_time": "2028-03-27T07:00:00Z",
        "recurring_pattern": _PATTERN,
    },
    "template": {"appointment": _STATE | {"recurring_pattern": _PATTERN}, "duration": 3_600_000_000},
    "occurrences": [
        {
            "appointment_id": APPOINTMENT,
            "original_start_time": "2028-03-27T07:00:00Z",
            "start_time": "2028-03-27T07:00:00Z",
            "end_time": "2028-03-27T08:00:00Z",
        }
    ],
    "skipped": [{"original_start_time": "2028-04-17T07:00:00Z", "code": "unavailable"}],
    "people": _PEOPLE,
    "actor": GRETA,
}


_MOVED, _MOVED_TO = _times("2028-03-28T07:00:00Z", "2028-03-28T08:00:00Z")

GOOD: dict[str, JSON] = {
    "appointment.create": {
        "title": "Quarterly review",
        "start_time": "2028-03-27T09:00:00",
        "end_time": "2028-03-27T10:00:00",
        "timezone": "Europe/Berlin",
        "participant_ids": [JONAS],
        "client_id": CLIENT,
        "location": "Room 2",
        "reminder_settings": {"email": [1440, 60], "in_app": [15]},
        "custom_fields": {"room": 2},
    },
    "appointment.update": _TO_APPOINTMENT | {"title": "Annual review", "expected_version": 1},
    "appointment.reschedule": _TO_APPOINTMENT
    | {"start_time": "2028-03-28T09:00:00+02:00", "end_time": "2028-03-28T10:00:00+02:00"},
    "appointment.confirm": _TO_APPOINTMENT,
    "appointment.decline": _TO_APPOINTMENT | {"reason": "On the road that day."},
    "appointment.cancel": _TO_APPOINTMENT | {"reason": "The project was stopped."},
    "appointment.check_in": _TO_APPOINTMENT,
    "appointment.complete": _TO_APPOINTMENT,
    "appointment.mark_no_show": _TO_APPOINTMENT,
    "appointment.announce": _TO_APPOINTMENT | {"message": "Please bring last year's figures."},
    "appointment.created": _EVENT,
    "appointment.updated": _changed(
        2, [("title", "Quarterly review", "Annual review")], title="Annual review"
    ),
    "appointment.rescheduled": _changed(2, _MOVED, **_MOVED_TO),
    "appointment.confirmed": _changed(
        2,
        [("status", "pending", "confirmed")],
        status="confirmed",
        confirmation_status={JONAS: "confirmed"},
    ),
    "appointment.participant_confirmed": _changed(
        2,
        [("confirmation_status", {JONAS: "pending"}, {JONAS: "confirmed"})],
        confirmation_status={JONAS: "confirmed"},
    ),
    "appointment.participant_declined": _changed(
        2,
        [("confirmation_status", {JONAS: "pending"}, {JONAS: "declined"})],
        confirmation_status={JONAS: "declined"},
    ),
    "appointment.cancelled": _changed(
        2, [("status", "pending", "cancelled")], status="cancelled", cancellation_reason="Stopped."
    ),
    "appointment.checked_in": _changed(3, [], status="confirmed", checked_in={JONAS: "2028-03-27T06:58:00Z"}),
    "appointment.completed": _changed(4, [("status", "confirmed", "completed")], status="completed"),
    "appointment.no_show": _changed(4, [("status", "confirmed", "no_show")], status="no_show"),
    "appointment.announced": _changed(2, []) | {"announcement": "Please bring last year's figures."},
    "appointment.join": _TO_APPOINTMENT | {"wait": True},
    "appointment.leave": _TO_APPOINTMENT,
    "series.extend": {"series_id": SERIES},
    "availability.set": _AVAILABILITY,
    "busy_times.import": _BUSY,
    "busy_times.remove": {"source": "Work"},
    "hold.place": {
        "participant_ids": [JONAS],
        "start_time": "2028-03-27T09:00:00",
        "end_time": "2028-03-27T10:00:00",
        "timezone": "Europe/Berlin",
        "expires_in": 300,
    },
    "hold.release": {"hold_id": HOLD},
    "hold.renew": {"hold_id": HOLD, "expires_in": 300},
    "feed.set": {"token_hash": "5e" * 32},
    "calendar.subscribe": {
        "subscription_id": SUBSCRIPTION,
        "name": "Work",
        "sealed": "c2VhbGVk",
        "timezone": "Europe/Berlin",
    },
    "calendar.unsubscribe": {"subscription_id": SUBSCRIPTION},
    "calendar.note_poll": {"user_id": GRETA, "subscription_id": SUBSCRIPTION, "error": "gone", "times": 0},
    "appointment.participant_joined": _changed(
        2,
        [("participant_ids", [], [JONAS]), ("confirmation_status", {}, {JONAS: "confirmed"})],
        seats=10,
        confirmation_status={JONAS: "confirmed"},
    ),
    "appointment.participant_waiting": _changed(
        2,
        [("waiting", [], [JONAS])],
        seats=1,
        waiting=[JONAS],
        participant_ids=[],
        confirmation_status={},
    ),
    "appointment.participant_left": _changed(
        3,
        [("waiting", [JONAS], []), ("confirmation_status", {}, {JONAS: "confirmed"})],
        seats=1,
        confirmation_status={JONAS: "confirmed"},
    )
    | {"seated": [JONAS]},
    "series.changed": _SERIES_EVENT,
    "availability.changed": {
        "user_id": GRETA,
        "version": 1,
        "availability": _AVAILABILITY | {"organization_id": ORGANIZATION, "version": 1},
        "actor": GRETA,
    },
    "busy_times.changed": _BUSY
    | {"user_id": GRETA, "organization_id": ORGANIZATION, "version": 1, "actor": GRETA},
    "hold.placed": _HOLD,
    "hold.released": _HOLD,
    "calendar_subscriptions.changed": {
        "user_id": GRETA,
        "organization_id": ORGANIZATION,
        "version": 1,
        "subscriptions": [
            {
                "id": SUBSCRIPTION,
                "name": "Work",
                "sealed": "c2VhbGVk",
                "timezone": "Europe/Berlin",
                "created_at": "2028-03-01T12:00:00Z",
                "checked_at": "2028-03-02T12:15:00Z",
                "succeeded_at": "2028-03-01T12:00:05Z",
                "error": "gone",
                "failing_since": "2028-03-02T12:15:00Z",
                "times": 12,
            }
        ],
        "actor": GRETA,
    },
    "feed.changed": {
        "user_id": GRETA,
        "organization_id": ORGANIZATION,
        "version": 1,
        "token_hash": "5e" * 32,
        "actor": GRETA,
    },
    "calendar_subscriptions.shown": {"user_id": GRETA, "version": 1},
    "feed.shown": {"user_id": GRETA, "version": 1},
    "availability.shown": {"user_id": GRETA, "version": 1},
    "busy_times.shown": {"user_id": GRETA, "version": 1},
    "hold.shown": {
        "hold_id": HOLD,
        "version": 1,
        "user_ids": [GRETA, JONAS],
        "start_time": "2028-03-27T07:00:00Z",
        "end_time": "2028-03-27T08:00:00Z",
    },
    "intake.paused": {"seconds": 10},
    "booking.command.accepted": {
        "command_id": COMMAND,
        "status": "accepted",
        "appointment_id": APPOINTMENT,
        "version": 1,
        "appointment": _STATE,
        "event_ids": [EVENT],
    },
    "booking.command.refused": {
        "command_id": COMMAND,
        "status": "refused",
        "code": "conflict",
        "detail": "Jonas Becker has another appointment then.",
        "conflicts": [
            {"user_id": JONAS, "start_time": "2028-03-27T07:30:00Z", "end_time": "2028-03-27T08:30:00Z"}
        ],
        "appointment_id": APPOINTMENT,
    },
    "reminder.due": _REMINDER,
    "reminder.missed": _REMINDER,
    "follow_up.due": {
        "appointment_id": APPOINTMENT,
        "version": 4,
        "recipient_id": JONAS,
        "channels": ["email", "sms", "in_app", "push"],
        "due_at": "2028-03-28T08:00:00Z",
        "appointment": _STATE | {"status": "completed", "version": 4},
        "people": _PEOPLE,
    },
    "preferences.set": _PREFERENCES,
    "organization_preferences.set": _ORGANIZATION_PREFERENCES,
    "notifier.command.accepted": {
        "command_id": COMMAND,
        "status": "accepted",
        "user_id": JONAS,
        "version": 1,
        "preferences": _PREFERENCES | {"version": 1},
        "event_ids": [EVENT],
    },
    "notifier.command.refused": {
        "command_id": COMMAND,
        "status": "refused",
        "code": "invalid",
        "detail": "The command's fields are not as they should be.",
        "errors": [{"field": "timezone", "code": "unknown_timezone", "message": "Unknown IANA time zone"}],
    },
    "notification.planned": _delivery("planned", attempts=0, sent_at=None),
    "notification.held": _delivery(
        "held",
        attempts=0,
        sent_at=None,
        next_attempt_at="2028-03-02T06:00:00Z",
        reason="quiet hours until 07:00 (Europe/Berlin)",
    ),
    "notification.sent": _delivery("sent"),
    "notification.delivered": _delivery("delivered", delivered_at="2028-03-01T12:00:05Z"),
    "notification.failed": _delivery("failed", attempts=5, sent_at=None, reason="timeout"),
    "notification.bounced": _delivery("bounced", reason="no such address"),
    "notification.expired": _delivery("expired", attempts=0, sent_at=None, reason="the appointment is over"),
    "notification.dead_lettered": _delivery("dead_lettered", sent_at=None, reason="422 unknown template"),
    "preferences.changed": {
        "user_id": JONAS,
        "version": 1,
        "preferences": _PREFERENCES | {"version": 1},
    },
    "organization_preferences.changed": {
        "organization_id": ORGANIZATION,
        "version": 1,
        "preferences": _ORGANIZATION_PREFERENCES | {"version": 1},
    },
    "channel.suspended": _SUSPENSION,
    "channel.restored": _SUSPENSION | {"version": 2, "restored_at": "2028-03-04T08:00:00Z"},
    "communication.notification.delivered": _report("notification.delivered"),
    "communication.notification.failed": _report("notification.failed", reason="mailbox full"),
    "communication.notification.bounced": _report("notification.bounced", reason="no such address"),
    "calendar.changed": {
        "appointment_id": APPOINTMENT,
        "version": 2,
        "change": "rescheduled",
        "user_ids": [GRETA, JONAS],
        "appointment": {
            "title": "Quarterly review",
            "start_time": "2028-03-27T07:00:00Z",
            "end_time": "2028-03-27T08:00:00Z",
            "timezone": "Europe/Berlin",
            "status": "pending",
            "organizer_id": GRETA,
            "location": "Room 2",
            "meeting_url": "",
            "confirmation_status": {JONAS: "pending"},
            "waiting": [],
            "seats": None,
            "series_id": None,
            "original_start_time": None,
        },
        "was": {"start_time": "2028-03-27T06:00:00Z", "end_time": "2028-03-27T07:00:00Z"},
    },
    "notifications.changed": {
        "appointments": [
            {
                "appointment_id": APPOINTMENT,
                "organizer_id": GRETA,
                "notifications": [
                    {
                        "id": NOTIFICATION,
                        "recipient_id": JONAS,
                        "type": "appointment_invitation",
                        "channel": "email",
                        "state": "delivered",
                    }
                ],
            }
        ]
    },
    "preferences.shown": {"user_id": JONAS, "version": 1},
    "organization_preferences.shown": {"organization_id": ORGANIZATION, "version": 1},
}


def headers(message: MessageType) -> dict[str, str]:
    """The headers of a good message of this kind, all of them."""
    command = message.topic.kind == "commands"
    return {
        "ce_specversion": "1.0",
        "ce_id": COMMAND if command else EVENT,
        "ce_type": message.ce_type,
        "ce_source": "example" if command else f"appointments/{message.topic.owner}",
        "ce_subject": _subject(message),
        "ce_time": "2028-03-01T12:00:00Z",
        "ce_partitionkey": ORGANIZATION,
        "content-type": "application/json",
        "correlation-id": COMMAND,
        "actor": GRETA,
        "organization": ORGANIZATION,
        **({} if command else {"cause": f"{_cause_topic(message)}/3/1041"}),
    }


def _subject(message: MessageType) -> str:
    if message.name.startswith(("availability", "busy_times", "feed", "calendar_subscriptions")):
        return GRETA
    if message.name.startswith(("hold", "series")):
        return HOLD if message.name.startswith("hold") else SERIES
    if message.name.startswith("organization_preferences"):
        return ORGANIZATION
    of_person = (
        message.name.startswith(("preferences", "channel")) or message.topic.name == "notifier.outcomes"
    )
    return JONAS if of_person else APPOINTMENT


def _cause_topic(message: MessageType) -> str:
    own = {"booking": "booking.commands", "projector": "booking.events", "reminders": "booking.events"}
    return own.get(
        message.topic.owner, "notifier.commands" if "preferences" in message.name else "booking.events"
    )


def good_example(name: str) -> JSON:
    """A good message of this kind as published: topic, headers, value."""
    message = BY_NAME[name]
    return {"topic": message.topic.name, "headers": headers(message), "value": GOOD[name]}
