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
"""What an appointment holds beside its times; the names are those of a create."""


def content(appointment: JSON) -> JSON:
    """The fields of a create that are not empty."""
    return {name: appointment[name] for name in FIELDS if appointment.get(name) not in (None, "", [], {})}


def answers(appointment: JSON) -> dict[str, str]:
    """Who said yes or no."""
    given: dict[str, str] = appointment["confirmation_status"]
    return {who: said for who, said in given.items() if said in ("confirmed", "declined")}


def is_confirmed(appointment: JSON) -> bool:
    """Whether it is confirmed; without participants there is nobody to say so."""
    return appointment["status"] == "confirmed" and bool(appointment["participant_ids"])


def begins(appointment: JSON) -> datetime:
    """When it begins, in UTC."""
    return instant(appointment["start_time"])


def instant(text: str) -> datetime:
    """An instant as it is told, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
