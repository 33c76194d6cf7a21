"""Parts of an appointment's state that a file keeps."""

from datetime import UTC, datetime

from cli.transfer.entries import JSON

FIELDS = (
    "participant_ids",
    "client_id",
    "title",
    "description",
    "location",
    "meeting_url",
    "reminder_settings",
    "custom_fields",
    "seats",
)
"""The fields of an appointment beside its times, by the names of a create."""


def content(appointment: JSON) -> JSON:
    """Return the fields of a create that are not empty."""
    return {name: appointment[name] for name in FIELDS if appointment.get(name) not in (None, "", [], {})}


def answers(appointment: JSON) -> dict[str, str]:
    """Return the responses, yes or no, by person."""
    given: dict[str, str] = appointment["confirmation_status"]
    return {person: response for person, response in given.items() if response in ("confirmed", "declined")}


def is_confirmed(appointment: JSON) -> bool:
    """Return whether it is confirmed; an appointment without participants is not."""
    return appointment["status"] == "confirmed" and bool(appointment["participant_ids"])


def begins(appointment: JSON) -> datetime:
    """Return its start, in UTC."""
    return instant(appointment["start_time"])


def instant(text: str) -> datetime:
    """Return an instant of the contract's form, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
