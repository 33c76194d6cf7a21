"""Paths of the API that answers point to."""

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


def command_path(identifier: UUID) -> str:
    """Return the path at which a command's outcome can be read."""
    return f"{PREFIX}/commands/{identifier}"
