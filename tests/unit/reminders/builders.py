"""Appointments for tests of reminders: two hours on a Monday in Berlin by default."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import orjson

from contracts.envelope import Envelope, Message, Record, rfc3339
from contracts.fields import DEFAULT_REMINDERS
from notifications.preferences import preferences_of
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import PreferencesInForce
from services.reminders.domain.endings import Course

BERLIN = ZoneInfo("Europe/Berlin")
ORGANIZATION = UUID("00000000-0000-4000-8000-00000000000a")
ANN, BOB, CEM = (UUID(f"00000000-0000-4000-8000-{number:012}") for number in (1, 2, 3))
MONDAY_9 = datetime(2030, 1, 14, 9, tzinfo=BERLIN).astimezone(UTC)
LONG_BEFORE = MONDAY_9 - timedelta(days=40)
SILENCE = PreferencesInForce(DEFAULT_REMINDERS)


def before(start: datetime = MONDAY_9, **lead: float) -> datetime:
    """That long before the start."""
    return start - timedelta(**lead)


def in_force(person: UUID, **fields: Any) -> PreferencesInForce:
    """The preferences of one person, with the fields of `contracts.preferences`."""
    return PreferencesInForce(DEFAULT_REMINDERS, {person: preferences_of(fields)})


def an_appointment(**changed: Any) -> Appointment:
    """Ann's appointment with Bob, as the domain sees it."""
    values: dict[str, Any] = {
        "id": UUID(int=7),
        "organization_id": ORGANIZATION,
        "version": 1,
        "start": MONDAY_9,
        "zone": BERLIN,
        "open": True,
        "recipients": (ANN, BOB),
        "own_lead_times": {},
        "decided_at": LONG_BEFORE,
    }
    values |= changed
    values.setdefault("end", values["start"] + timedelta(hours=2))
    return Appointment(**values)


def a_course(status: str = "pending", *arrived: UUID, at: datetime = MONDAY_9) -> Course:
    """How it went: these came, and it became so then."""
    return Course(status, frozenset(arrived), at)


def a_state(
    identity: UUID,
    version: int = 1,
    start: datetime = MONDAY_9,
    answers: Mapping[UUID, str] | None = None,
    settings: Mapping[str, Sequence[int]] | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """The same on the wire."""
    answers = {BOB: "pending"} if answers is None else answers
    return {
        "id": str(identity),
        "organization_id": str(ORGANIZATION),
        "organizer_id": str(ANN),
        "participant_ids": [str(person) for person in answers],
        "start_time": rfc3339(start),
        "end_time": rfc3339(start + timedelta(hours=2)),
        "timezone": "Europe/Berlin",
        "title": "Plan the year",
        "status": "pending",
        "confirmation_status": {str(person): answer for person, answer in answers.items()},
        "reminder_settings": settings,
        "version": version,
        "created_at": rfc3339(LONG_BEFORE),
        "created_by": str(ANN),
        "updated_at": rfc3339(LONG_BEFORE),
        "updated_by": str(ANN),
        **changed,
    }


def an_event(kind: str, state: Mapping[str, Any], **more: Any) -> Message:
    """An event of booking about that state."""
    people = [
        {"id": identity, "name": f"Person {identity[-1]}", "timezone": "Europe/Berlin", "locale": "de"}
        for identity in (state["organizer_id"], *state["participant_ids"])
    ]
    body = {
        "appointment_id": state["id"],
        "version": state["version"],
        "appointment": state,
        "changes": [],
        "people": people,
        "actor": state["organizer_id"],
    }
    return _message("booking.events", kind, body | more)


def a_preference(person: UUID, version: int, **fields: Any) -> Message:
    """A person's preferences, changed."""
    body = {"user_id": str(person), "version": version, "preferences": {**fields, "version": version}}
    return _message("notifier.events", "preferences.changed", body)


def a_switch(person: UUID, version: int, **channels: bool) -> Message:
    """The same, of channels only."""
    return a_preference(person, version, channels=channels)


def a_rule(version: int, mandatory: Mapping[str, Sequence[str]] | None = None, **defaults: Any) -> Message:
    """The organization's preferences, changed."""
    body = {
        "organization_id": str(ORGANIZATION),
        "version": version,
        "preferences": {"defaults": defaults, "mandatory": mandatory or {}, "version": version},
    }
    return _message("notifier.events", "organization_preferences.changed", body)


def a_record(message: Message, at: datetime, offset: int = 0) -> Record:
    """The message as it is read, appended at that time."""
    return Record(message.topic, 0, offset, at, message.key, message.value, message.headers)


def _message(topic: str, kind: str, body: Mapping[str, Any]) -> Message:
    head = Envelope(
        id=uuid4(),
        type=kind,
        organization=ORGANIZATION,
        actor=str(ANN),
        correlation_id="a-correlation",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return head.message(topic, orjson.dumps(body))
