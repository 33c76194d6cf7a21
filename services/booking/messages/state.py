"""An appointment as JSON: the bytes that events and outcomes carry, and that our own table keeps."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from contracts.ids import uuid_of
from services.booking.domain.model.appointment import Answer, Appointment, Status
from services.booking.domain.model.decision import Change, DomainEvent
from services.booking.domain.model.people import Person
from services.booking.domain.model.recurring_series import Series

# The same value always gives the same bytes: keys keep their order, instants are UTC and end in Z.
OPTIONS = orjson.OPT_UTC_Z
MICROSECOND = timedelta(microseconds=1)


def state_of(appointment: Appointment) -> bytes:
    """Return the full state, as `contracts.appointments.Appointment` describes it."""
    answers = {str(user): answer for user, answer in appointment.answers.items()}
    state = {
        "id": appointment.id,
        "organization_id": appointment.organization_id,
        "organizer_id": appointment.organizer_id,
        "participant_ids": list(answers),
        "client_id": appointment.client_id,
        "start_time": appointment.start,
        "end_time": appointment.end,
        "timezone": appointment.timezone,
        "title": appointment.title,
        "description": appointment.description,
        "location": appointment.location,
        "meeting_url": appointment.meeting_url,
        "status": appointment.status,
        "confirmation_status": answers,
        "checked_in": {str(user): at for user, at in appointment.checked_in.items()},
        "recurring_pattern": appointment.recurring_pattern,
        "reminder_settings": appointment.reminder_settings,
        "custom_fields": appointment.custom_fields,
        "version": appointment.version,
        "created_at": appointment.created_at,
        "created_by": appointment.created_by,
        "updated_at": appointment.updated_at,
        "updated_by": appointment.updated_by,
        "cancellation_reason": appointment.cancellation_reason,
        "series_id": appointment.series_id,
        "original_start_time": appointment.original_start,
        "seats": appointment.seats,
        "waiting": appointment.waiting,
    }
    return dumps(state)


def appointment_of(state: Mapping[str, Any], organizer_confirmed: bool) -> Appointment:
    """Return the appointment of a state that `state_of` wrote; `organizer_confirmed` is not part of that
    state.
    """
    return Appointment(
        id=uuid_of(state["id"]),
        organization_id=uuid_of(state["organization_id"]),
        organizer_id=uuid_of(state["organizer_id"]),
        answers={uuid_of(user): Answer(answer) for user, answer in state["confirmation_status"].items()},
        client_id=uuid_of(state["client_id"]) if state["client_id"] else None,
        start=_instant(state["start_time"]),
        end=_instant(state["end_time"]),
        timezone=state["timezone"],
        title=state["title"],
        description=state["description"],
        location=state["location"],
        meeting_url=state["meeting_url"],
        status=Status(state["status"]),
        organizer_confirmed=organizer_confirmed,
        checked_in={uuid_of(user): _instant(at) for user, at in state["checked_in"].items()},
        reminder_settings=state["reminder_settings"],
        custom_fields=state["custom_fields"],
        version=state["version"],
        created_at=_instant(state["created_at"]),
        created_by=state["created_by"],
        updated_at=_instant(state["updated_at"]),
        updated_by=state["updated_by"],
        cancellation_reason=state["cancellation_reason"],
        recurring_pattern=state["recurring_pattern"],
        **_recent(state),
    )


def _recent(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that states of earlier versions of this service lack."""
    if "seats" not in state:
        return {}
    original = state["original_start_time"]
    return {
        "series_id": uuid_of(state["series_id"]) if state["series_id"] else None,
        "original_start": _instant(original) if original else None,
        "seats": state["seats"],
        "waiting": tuple(map(uuid_of, state["waiting"])),
    }


def template_of(series: Series) -> dict[str, Any]:
    """Return the series template, from which later occurrences are made; durations are microseconds."""
    return {
        "appointment": orjson.Fragment(state_of(series.template)),
        "organizer_confirmed": series.template.organizer_confirmed,
        "duration": series.duration // MICROSECOND,
        "start_by": series.start_by // MICROSECOND,
        "end_by": series.end_by // MICROSECOND,
        "ignores_availability": series.ignores_availability,
    }


def people_of(people: Sequence[Person]) -> list[dict[str, Any]]:
    """Return people as events name them."""
    return [
        {"id": person.id, "name": person.name, "timezone": person.timezone, "locale": person.locale}
        for person in people
    ]


def changes_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return changed fields as events have them."""
    return [
        {"field": change.field, "old": _keyed(change.old), "new": _keyed(change.new)} for change in changes
    ]


def body_of(happened: DomainEvent) -> dict[str, Any]:
    """Return the body of an event that is not about one appointment."""
    body = dict(happened.body)
    if isinstance(body.get("appointment"), Appointment):
        body["appointment"] = orjson.Fragment(state_of(body["appointment"]))
    if isinstance(body.get("template"), Series):
        body["template"] = template_of(body["template"])
    if "changes" in body:
        body["changes"] = changes_of(body["changes"])
    if "people" in body:
        body["people"] = people_of(body["people"])
    return body


def dumps(value: Mapping[str, Any]) -> bytes:
    """JSON bytes by the rules of this module; an `orjson.Fragment` goes in as it is."""
    return orjson.dumps(value, default=str, option=OPTIONS)


def _keyed(value: Any) -> Any:
    """Return the value for JSON: keys that are ids become text."""
    return {str(key): entry for key, entry in value.items()} if isinstance(value, dict) else value


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
