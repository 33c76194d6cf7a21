"""Examples of preferences, previews, figures and health."""

from datetime import date
from typing import Any

from contracts.fields import DEFAULT_REMINDERS, Channel
from contracts.notifications import NotificationType
from notifications.matrix import matrix
from notifications.preferences import NO_RULES, preferences_of
from services.ingress.api.models.notifications import (
    Analytics,
    ChannelExplanation,
    DayOfDeliveries,
    EffectiveOrganizationPreferences,
    EffectivePreferences,
    PreferencesExplanation,
    Preview,
)
from services.ingress.api.models.operations import Document, Health, Liveness
from services.ingress.api.models.preferences import (
    OwnOrganizationPreferences,
    OwnPreferences,
    PreferenceMatrix,
)

SET_PREFERENCES: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "locale": "de",
    "channels": {"email": True, "sms": False, "push": False},
    "types": {"appointment_reminder": {"email": False}},
    "lead_times": {"email": [1440, 60]},
    "quiet_hours": {"start": "22:00", "end": "07:00"},
    "digest": {"enabled": False, "at": "18:00"},
}
SET_ORGANIZATION_PREFERENCES: dict[str, Any] = {
    "defaults": SET_PREFERENCES,
    "mandatory": {"appointment_cancelled": ["email"]},
}

PREFERENCES = EffectivePreferences.model_validate(SET_PREFERENCES)
ORGANIZATION_PREFERENCES = EffectiveOrganizationPreferences.model_validate(SET_ORGANIZATION_PREFERENCES)
PATCH: dict[str, Any] = {"channels": {"sms": True}, "types": {"appointment_reminder": {"email": None}}}
ORGANIZATION_PATCH: dict[str, Any] = {"defaults": PATCH, "mandatory": {"appointment_cancelled": ["email"]}}
OWN = OwnPreferences(channels={Channel.SMS: True}, quiet_hours=False)
OWN_ORGANIZATION = OwnOrganizationPreferences(
    defaults=OwnPreferences(channels={Channel.PUSH: True}),
    mandatory={"appointment_cancelled": [Channel.EMAIL]},
)
MATRIX = PreferenceMatrix.model_validate(
    matrix(preferences_of({"channels": {"sms": True}, "version": 7}), NO_RULES, {}, DEFAULT_REMINDERS)
)
EXPLANATION = PreferencesExplanation(
    type=NotificationType.CANCELLED,
    channels=[
        ChannelExplanation(channel=channel, on=on, level=level, code=code, reason=reason)
        for channel, on, level, code, reason in (
            (Channel.IN_APP, True, "always", "always", "in-app messages are always written"),
            (Channel.EMAIL, True, "mandatory", "mandatory", "mandatory in the organization"),
            (Channel.SMS, False, "person", "person_off", "switched off by the person"),
            (Channel.PUSH, False, "default", "default_off", "off by default"),
        )
    ],
)
PREVIEW = Preview(
    type=NotificationType.REMINDER,
    template_id="appointment_reminder_v1",
    version=2,
    channel=Channel.PUSH,
    locale="en",
    variables={
        "appointment_title": "Quarterly review",
        "time_until": "in 1 day",
        "appointment_time": "09:00–10:00 (Europe/Berlin)",
        "location": "Room 4",
    },
    rendered={
        "title": "Reminder",
        "body": "Quarterly review begins in 1 day: 09:00–10:00 (Europe/Berlin), Room 4.",
    },
)
ANALYTICS = Analytics(
    items=[
        DayOfDeliveries(
            date=date(2027, 2, 1),
            type="appointment_invitation",
            channel=Channel.EMAIL,
            planned=120,
            sent=119,
            delivered=116,
            failed=0,
            bounced=3,
            expired=1,
            dead_lettered=0,
            sent_p50_s=0.412,
            sent_p95_s=1.97,
            delivered_p50_s=1.203,
            delivered_p95_s=4.5,
        )
    ]
)
HEALTH = Health(
    service="ingress",
    version="0.1.0",
    live=True,
    ready=True,
    started=True,
    lag=0,
    waiting=[],
    down=[],
    halted=[],
    reasons={},
    streams=3,
)
LIVENESS = Liveness(service="ingress", live=True)
DOCUMENT = Document(openapi="3.1.0", paths={})
