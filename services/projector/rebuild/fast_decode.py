"""Read records of the log again, in a third of the time: for rebuilds, which read millions.

The live consumer has validated them once. Here only what the views take out of an appointment is converted and thereby
checked; whatever does not look as booking writes it is read the strict way.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from asyncpg.pgproto.pgproto import UUID  # equal to uuid.UUID, and made ten times as fast

from contracts.appointments import EVENT_TYPES, Appointment
from contracts.envelope import RawHeaders
from contracts.fields import Confirmation, Status
from services.projector.domain.calendar import Change, search_text

_CHANGES = {name.encode(): name.removeprefix("appointment.") for name in EVENT_TYPES}
_FIELDS = frozenset(Appointment.model_fields)
_STATUSES = frozenset(map(str, Status))
_RESPONSES = frozenset(map(str, Confirmation))
_EXACT_BELOW = 2.0**63  # orjson makes a float of a longer whole number; only custom fields can have any


def quick_change(headers: RawHeaders, value: bytes | None) -> Change | None:
    """What `messages.incoming.read` says of a changed appointment, without its audience; None: read it the strict way."""
    kind = event_id = None
    for name, told in headers:  # the first of each name counts, and ours stand at the front
        if name == "ce_id" and event_id is None:
            event_id = told
        elif name == "ce_type":
            kind = _CHANGES.get(told)
            break
    if kind is None or event_id is None:
        return None
    try:
        return _change(kind, event_id, value or b"")
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # the strict reader knows better what is wrong with it, if anything is


def _change(kind: str, event_id: bytes, value: bytes) -> Change:
    event = orjson.loads(value)
    now = event["appointment"]
    if not now.keys() <= _FIELDS:
        raise ValueError  # of a newer release: what it does not know, the live view does not keep
    changes, client = event["changes"], now["client_id"]
    series, hold = now.get("series_id"), event.get("hold_id")  # older events know nothing of them
    title, location, description = now["title"], now["location"], now["description"]
    if not (type(title) is type(location) is type(description) is type(event["actor"]) is str):
        raise TypeError
    if now["custom_fields"] or changes:
        _refuse_rounded(now["custom_fields"])
        _refuse_rounded([change for change in changes if change["field"] == "custom_fields"])
    return Change(
        event_id=UUID(event_id.decode()),
        organization_id=UUID(now["organization_id"]),
        appointment_id=UUID(event["appointment_id"]),
        version=_positive(event["version"]),
        change=kind,
        changes=orjson.dumps(changes).decode(),
        actor=event["actor"],
        at=_instant(now["updated_at"]),
        organizer_id=UUID(now["organizer_id"]),
        client_id=UUID(client) if client is not None else None,
        status=_one_of(now["status"], _STATUSES),
        start_time=_instant(now["start_time"]),
        end_time=_instant(now["end_time"]),
        title=title,
        location=location,
        search=search_text(title, location, description),
        body=orjson.dumps(now).decode(),
        attendees=_attendees(now),
        audience=(),
        series_id=UUID(series) if series is not None else None,
        hold_id=UUID(hold) if hold is not None else None,
    )


def _attendees(now: Mapping[str, Any]) -> tuple[tuple[UUID, str], ...]:
    answers = now["confirmation_status"]
    found = {UUID(person): "waiting" for person in now.get("waiting", ())}
    for person in now["participant_ids"]:
        found[UUID(person)] = _one_of(answers.get(person, "pending"), _RESPONSES)
    found[UUID(now["organizer_id"])] = "organizer"
    return tuple(found.items())


def _instant(told: str) -> datetime:
    if not told.endswith("Z"):
        raise ValueError
    return datetime.fromisoformat(told)


def _refuse_rounded(value: object) -> None:
    if isinstance(value, float):
        if abs(value) >= _EXACT_BELOW:
            raise ValueError
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_rounded(item)


def _positive(told: object) -> int:
    if type(told) is not int or told < 1:
        raise TypeError
    return told


def _one_of(told: str, known: frozenset[str]) -> str:
    if told not in known:
        raise ValueError
    return told
