"""The changes between two states of an appointment, and its next version."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.decision import Change
from services.booking.domain.model.people import Actor

# Fields of the state with the names that the wire gives them; `answers` is two fields there.
_PLAIN = {
    "start": "start_time",
    "end": "end_time",
    "timezone": "timezone",
    "title": "title",
    "description": "description",
    "location": "location",
    "meeting_url": "meeting_url",
    "client_id": "client_id",
    "reminder_settings": "reminder_settings",
    "custom_fields": "custom_fields",
    "status": "status",
    "cancellation_reason": "cancellation_reason",
    "seats": "seats",
    "waiting": "waiting",
}


def changes(before: Appointment, after: Appointment) -> list[Change]:
    """Return every field that differs.

    Of `confirmation_status` and `checked_in` only the entries that differ: with 500 participants, each
    response would otherwise repeat all the others twice. An entry that is absent before or after was or is
    not there.
    """
    found = [
        Change(field, old, new)
        for name, field in _PLAIN.items()
        if _differ(old := getattr(before, name), new := getattr(after, name))
    ]
    if list(before.answers) != list(after.answers):
        found.append(Change("participant_ids", list(before.answers), list(after.answers)))
    found += _entries("confirmation_status", before.answers, after.answers)
    found += _entries("checked_in", before.checked_in, after.checked_in)
    return found


def next_version(after: Appointment, actor: Actor, at: datetime) -> Appointment:
    """Return the changed state with the version, time and author of this change."""
    return replace(after, version=after.version + 1, updated_at=at, updated_by=actor.text)


def _differ(old: Any, new: Any) -> bool:
    """Whether they differ as JSON: to Python `{"a": 1}` equals `{"a": true}`."""
    if isinstance(old, dict) and isinstance(new, dict):
        return json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True)
    return bool(old != new)


def _entries(field: str, before: Any, after: Any) -> list[Change]:
    if before == after:
        return []
    old = {key: value for key, value in before.items() if after.get(key) != value}
    new = {key: value for key, value in after.items() if before.get(key) != value}
    return [Change(field, old, new)] if old or new else []
