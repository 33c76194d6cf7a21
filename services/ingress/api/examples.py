"""Examples for the interface's documents: one small story, the same ids throughout."""

from typing import Any

ANNA, BEN = "5b0c6f6e-1d3c-4f0e-8f55-6d3d1c1d9a01", "5b0c6f6e-1d3c-4f0e-8f55-6d3d1c1d9a02"
APPOINTMENT_ID = "0a3f5a52-90ad-5c52-8a55-4f7cf1f5e101"
COMMAND_ID = "7d5e2b0c-32f3-4b2e-9c42-98f0f4f5a201"

CREATE: dict[str, Any] = {
    "participant_ids": [BEN],
    "start_time": "2027-03-01T09:00:00",
    "end_time": "2027-03-01T09:30:00",
    "timezone": "Europe/Berlin",
    "title": "Quarterly review",
    "location": "Room 4",
    "reminder_settings": {"email": [1440], "in_app": [15]},
}
APPOINTMENT: dict[str, Any] = {
    "id": APPOINTMENT_ID,
    "organization_id": "c7f4b8aa-3d55-4b57-8d0c-54b4a1d8f001",
    "organizer_id": ANNA,
    "participant_ids": [BEN],
    "client_id": None,
    "start_time": "2027-03-01T08:00:00Z",
    "end_time": "2027-03-01T08:30:00Z",
    "timezone": "Europe/Berlin",
    "title": "Quarterly review",
    "description": "",
    "location": "Room 4",
    "meeting_url": "",
    "status": "pending",
    "confirmation_status": {BEN: "pending"},
    "checked_in": {},
    "recurring_pattern": None,
    "reminder_settings": {"email": [1440], "in_app": [15]},
    "custom_fields": {},
    "version": 1,
    "created_at": "2027-02-01T12:00:00Z",
    "created_by": ANNA,
    "updated_at": "2027-02-01T12:00:00Z",
    "updated_by": ANNA,
    "cancellation_reason": None,
    "series_id": None,
    "original_start_time": None,
    "seats": None,
    "waiting": [],
}
CONFIRMED = {**APPOINTMENT, "status": "confirmed", "confirmation_status": {BEN: "confirmed"}, "version": 2}
CANCELLED = {**APPOINTMENT, "status": "cancelled", "cancellation_reason": "Ill", "version": 2}
COMPLETED = {**CONFIRMED, "status": "completed", "version": 3}
CHECKED_IN = {**CONFIRMED, "checked_in": {BEN: "2027-03-01T07:58:00Z"}, "version": 3}
RESCHEDULED = {
    **APPOINTMENT,
    "start_time": "2027-03-01T13:00:00Z",
    "end_time": "2027-03-01T13:30:00Z",
    "version": 2,
}
CALENDAR = {
    "items": [
        {
            name: APPOINTMENT[name]
            for name in ("id", "title", "start_time", "end_time", "status", "organizer_id", "location")
        },
        {"start_time": "2027-03-01T10:00:00Z", "end_time": "2027-03-01T11:30:00Z", "busy": True},
    ]
}
NOTIFICATIONS = {
    "items": [
        {
            "id": "e1f0c1de-6f02-5b6f-8a46-9d0d6a1a0301",
            "type": "appointment_invitation",
            "recipient_id": BEN,
            "channel": "email",
            "priority": "normal",
            "state": "delivered",
            "attempts": 1,
            "planned_at": "2027-02-01T12:00:00Z",
            "next_attempt_at": None,
            "sent_at": "2027-02-01T12:00:01Z",
            "delivered_at": "2027-02-01T12:00:03Z",
            "reason": None,
            "fallback_of": None,
        }
    ]
}
ANALYTICS = {
    "items": [
        {
            "date": "2027-02-01",
            "type": "appointment_invitation",
            "channel": "email",
            "planned": 120,
            "sent": 119,
            "delivered": 116,
            "failed": 0,
            "bounced": 3,
            "expired": 1,
            "dead_lettered": 0,
            "sent_p50_s": 0.412,
            "sent_p95_s": 1.97,
            "delivered_p50_s": 1.203,
            "delivered_p95_s": 4.5,
        }
    ]
}
REPORT_ID = "4b7f0d0a-93a1-5c57-8d0e-1f5b6f3a0401"
REPORT = {
    "type": "notification.delivered",
    "data": {
        "entity_type": "appointment",
        "entity_id": APPOINTMENT_ID,
        "channel": "email",
        "recipient": BEN,
        "timestamp": "2027-02-01T12:00:03Z",
        "idempotency_key": "e1f0c1de-6f02-5b6f-8a46-9d0d6a1a0301",
    },
}
OUTCOME = {
    "command_id": COMMAND_ID,
    "status": "refused",
    "code": "version_mismatch",
    "detail": "The appointment has version 2.",
    "errors": [],
    "conflicts": [],
    "appointment_id": APPOINTMENT_ID,
    "version": 2,
    "appointment": None,
    "event_ids": [],
}
PENDING = {"command_id": COMMAND_ID, "status": "pending"}
PREFERENCES = {
    "timezone": "Europe/Berlin",
    "locale": "de",
    "channels": {"email": True, "sms": False, "push": False},
    "types": {"appointment_reminder": {"email": False}},
    "lead_times": {"email": [1440, 60]},
    "quiet_hours": {"start": "22:00", "end": "07:00"},
    "digest": {"enabled": False, "at": "18:00"},
}
ORGANIZATION_PREFERENCES = {"defaults": PREFERENCES, "mandatory": {"appointment_cancelled": ["email"]}}
EXPLANATION = {
    "type": "appointment_cancelled",
    "channels": [
        {"channel": "in_app", "on": True, "level": "always", "reason": "in-app messages are always written"},
        {"channel": "email", "on": True, "level": "mandatory", "reason": "mandatory in the organization"},
        {"channel": "sms", "on": False, "level": "person", "reason": "switched off by the person"},
        {"channel": "push", "on": False, "level": "default", "reason": "off by default"},
    ],
}
HEALTH = {
    "service": "ingress",
    "version": "0.1.0",
    "live": True,
    "ready": True,
    "started": True,
    "lag": 0,
    "waiting": [],
    "down": [],
    "halted": [],
    "reasons": {},
    "streams": 3,
}
STREAM = (
    ": connected\nid: 4.0.17.2.9.1\nretry: 1000\n\n"
    "id: 4.0.18.2.9.1\nevent: calendar.changed\n"
    f'data: {{"appointment_id":"{APPOINTMENT_ID}","version":2,"change":"confirmed"}}\n\n'
    "id: 4.0.19.2.9.1\nevent: notification.changed\n"
    f'data: {{"appointment_id":"{APPOINTMENT_ID}","notifications":[{{"id":"e1f0c1de-6f02-5b6f-8a46-9d0d6a1a0301",'
    f'"recipient_id":"{BEN}","type":"appointment_invitation","channel":"email","state":"delivered"}}]}}\n\n'
)
CONFLICTS = [{"user_id": BEN, "start_time": "2027-03-01T08:15:00Z", "end_time": "2027-03-01T09:00:00Z"}]
ALTERNATIVES = [{"start_time": "2027-03-01T09:00:00Z", "end_time": "2027-03-01T09:30:00Z"}]
FIELD_ERRORS = [{"field": "title", "code": "string_too_long", "message": "At most 200 characters"}]
PREVIEW: dict[str, Any] = {
    "type": "appointment_reminder",
    "template_id": "appointment_reminder_v1",
    "version": 2,
    "channel": "push",
    "locale": "en",
    "variables": {
        "appointment_title": "Quarterly review",
        "time_until": "in 1 day",
        "appointment_time": "09:00–10:00 (Europe/Berlin)",
        "location": "Room 4",
    },
    "rendered": {
        "title": "Reminder",
        "body": "Quarterly review begins in 1 day: 09:00–10:00 (Europe/Berlin), Room 4.",
    },
}
