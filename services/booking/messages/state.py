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
    """The full state, as `contracts.appointments.Appointment` describes it."""
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


def appointment_of(told: Mapping[str, Any], organizer_confirmed: bool) -> Appointment:
    """The appointment of a state that `state_of` wrote; `organizer_confirmed` is not for others to see."""
    return Appointment(
        id=uuid_of(told["id"]),
        organization_id=uuid_of(told["organization_id"]),
        organizer_id=uuid_of(told["organizer_id"]),
        answers={uuid_of(user): Answer(answer) for user, answer in told["confirmation_status"].items()},
        client_id=uuid_of(told["client_id"]) if told["client_id"] else None,
        start=_instant(told["start_time"]),
        end=_instant(told["end_time"]),
        timezone=told["timezone"],
        title=told["title"],
        description=told["description"],
        location=told["location"],
        meeting_url=told["meeting_url"],
        status=Status(told["status"]),
        organizer_confirmed=organizer_confirmed,
        checked_in={uuid_of(user): _instant(at) for user, at in told["checked_in"].items()},
        reminder_settings=told["reminder_settings"],
        custom_fields=told["custom_fields"],
        version=told["version"],
        created_at=_instant(told["created_at"]),
        created_by=told["created_by"],
        updated_at=_instant(told["updated_at"]),
        updated_by=told["updated_by"],
        cancellation_reason=told["cancellation_reason"],
        recurring_pattern=told["recurring_pattern"],
        **_recent(told),
    )


def _recent(told: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that states of earlier versions of this service do not have."""
    if "seats" not in told:
        return {}
    original = told["original_start_time"]
    return {
        "series_id": uuid_of(told["series_id"]) if told["series_id"] else None,
        "original_start": _instant(original) if original else None,
        "seats": told["seats"],
        "waiting": tuple(map(uuid_of, told["waiting"])),
    }


def template_of(series: Series) -> dict[str, Any]:
    """What occurrences that are still to be made look like; durations are microseconds."""
    return {
        "appointment": orjson.Fragment(state_of(series.template)),
        "organizer_confirmed": series.template.organizer_confirmed,
        "duration": series.duration // MICROSECOND,
        "start_by": series.start_by // MICROSECOND,
        "end_by": series.end_by // MICROSECOND,
        "ignores_availability": series.ignores_availability,
    }


def people_of(people: Sequence[Person]) -> list[dict[str, Any]]:
    """People as events name them."""
    return [
        {"id": person.id, "name": person.name, "timezone": person.timezone, "locale": person.locale}
        for person in people
    ]


def changes_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Changed fields as events tell them."""
    return [
        {"field": change.field, "old": _keyed(change.old), "new": _keyed(change.new)} for change in changes
    ]


def body_of(happened: DomainEvent) -> dict[str, Any]:
    """The body of an event that is not about one appointment."""
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
    """Entries by person have the person's id as text."""
    return {str(key): entry for key, entry in value.items()} if isinstance(value, dict) else value


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
