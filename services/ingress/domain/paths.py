"""Paths of the API that answers point to."""

from datetime import datetime
from uuid import UUID

PREFIX = "/api/appointments"


def appointment_path(identifier: object) -> str:
    """Return the path of an appointment."""
    return f"{PREFIX}/{identifier}"


def hold_path(identifier: object) -> str:
    """Return the path of a hold."""
    return f"{PREFIX}/holds/{identifier}"


def subscription_path(identifier: object) -> str:
    """Return the path of a subscribed calendar."""
    return f"{PREFIX}/calendar/subscriptions/{identifier}"


def command_path(identifier: UUID, sent_at: datetime) -> str:
    """Return the path at which a command's outcome can be read; it says when the command was sent."""
    return f"{PREFIX}/commands/{identifier}?sent_at={sent_at:%Y-%m-%dT%H:%M:%SZ}"
