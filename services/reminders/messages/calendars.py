"""Subscribed calendars as events tell them, and polls as commands to booking."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from contracts import topics
from contracts.envelope import Envelope, Message
from services.reminders.messages.outgoing import ACTOR, SOURCE

CHANGED = "calendar_subscriptions.changed"


@dataclass(frozen=True, slots=True)
class Calendar:
    """A subscribed calendar: its sealed address, and the zone of times that it leaves without one."""

    id: UUID
    sealed: str
    timezone: str


@dataclass(frozen=True, slots=True)
class CalendarsChange:
    """A `calendar_subscriptions.changed` event."""

    user_id: UUID
    organization_id: UUID
    version: int
    calendars: tuple[Calendar, ...]


def import_of(
    subscription: UUID, user: UUID, organization: UUID, at: datetime, number: int, body: dict[str, Any]
) -> Message:
    """Return a portion of a calendar's times as a command of its owner's; `at`: when the poll began."""
    head = _head(
        subscription, organization, at, f"portion {number}", "busy_times.import", str(user), str(user)
    )
    return head.message(topics.BOOKING_COMMANDS.name, orjson.dumps(body))


def poll_of(
    subscription: UUID, user: UUID, organization: UUID, at: datetime, error: str | None, times: int
) -> Message:
    """Return the result of a poll as a command."""
    head = _head(subscription, organization, at, "result", "calendar.note_poll", str(user), ACTOR)
    body = {"user_id": str(user), "subscription_id": str(subscription), "error": error, "times": times}
    return head.message(topics.BOOKING_COMMANDS.name, orjson.dumps(body))


def _head(
    subscription: UUID, organization: UUID, at: datetime, name: str, kind: str, subject: str, actor: str
) -> Envelope:
    identifier = uuid5(subscription, f"{at.isoformat()} {name}")
    return Envelope(
        id=identifier,
        type=kind,
        source=SOURCE,
        subject=subject,
        time=at,
        organization=organization,
        actor=actor,
        correlation_id=str(uuid5(subscription, at.isoformat())),
    )
