"""One-line summaries of updates."""

from collections.abc import Iterable
from uuid import UUID

from notifications.languages import language
from services.notifier.domain.model import Event

_FIELDS = {
    "en": {
        "title": "title",
        "description": "description",
        "location": "location",
        "meeting_url": "meeting link",
        "participant_ids": "participants",
        "seats": "seats",
        "timezone": "time zone",
        "custom_fields": "notes",
    },
    "de": {
        "title": "Titel",
        "description": "Beschreibung",
        "location": "Ort",
        "meeting_url": "Besprechungslink",
        "participant_ids": "Teilnehmende",
        "seats": "Plätze",
        "timezone": "Zeitzone",
        "custom_fields": "Hinweise",
    },
}
_CHANGED = {"en": "Changed: {fields}", "de": "Geändert: {fields}"}
_OTHER = {"en": "Details changed", "de": "Details geändert"}
_ANSWERED = {
    "appointment.participant_confirmed": {"en": "{name} takes part", "de": "{name} nimmt teil"},
    "appointment.participant_declined": {"en": "{name} has declined", "de": "{name} hat abgesagt"},
    "appointment.participant_joined": {"en": "{name} has joined", "de": "{name} nimmt nun teil"},
    "appointment.participant_waiting": {
        "en": "{name} waits for a seat",
        "de": "{name} wartet auf einen Platz",
    },
    "appointment.participant_left": {
        "en": "{name} does not take part any more",
        "de": "{name} nimmt nicht mehr teil",
    },
}
_SOMEBODY = {"en": "A participant", "de": "Eine teilnehmende Person"}


def summary(event: Event, locale: str) -> str:
    """Return `Changed: title, location`, or the response of a participant.

    The message itself shows the new values.
    """
    tongue = language(locale)
    if event.type in _ANSWERED:
        return _ANSWERED[event.type][tongue].format(name=_actor_name(event) or _SOMEBODY[tongue])
    names = _names((change.field for change in event.changes), tongue)
    return _CHANGED[tongue].format(fields=", ".join(names)) if names else _OTHER[tongue]


def _names(fields: Iterable[str], tongue: str) -> list[str]:
    return [_FIELDS[tongue][field] for field in dict.fromkeys(fields) if field in _FIELDS[tongue]]


def _actor_name(event: Event) -> str | None:
    try:
        person = event.people.get(UUID(event.actor))
    except ValueError:
        return None
    return person.name if person else None
