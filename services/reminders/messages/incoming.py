"""Wire messages as the domain sees them, and timers as wire messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, ValidationError

from chassis.consuming.newer import NeedsNewer, note_unknown
from chassis.errors import InvalidMessage
from contracts import appointments, envelope, preferences, topics
from contracts.catalog import CE_TYPES
from contracts.envelope import Envelope, MalformedEnvelope, Record
from contracts.fields import Confirmation, Status
from contracts.reading import is_known, read_event
from notifications.preferences import Organization, Preferences, organization_of, preferences_of
from scheduling.check_in import arrived
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.endings import Course
from services.reminders.messages.outgoing import Story

OPEN = (Status.PENDING, Status.CONFIRMED)

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class AppointmentTold:
    """An `appointment.*` event."""

    appointment: Appointment
    course: Course
    story: Story


@dataclass(frozen=True, slots=True)
class PreferencesTold:
    """A `preferences.changed` event."""

    person_id: UUID
    organization_id: UUID
    preferences: Preferences


@dataclass(frozen=True, slots=True)
class RulesTold:
    """An `organization_preferences.changed` event."""

    organization_id: UUID
    rules: Organization


def read_appointment(record: Record) -> AppointmentTold | None:
    """An event about an appointment; None for any other. Raises InvalidMessage, and NeedsNewer.

    Timers hang on the state alone, so an event of an unknown type will do, if it carries one. An unknown status will
    not: nobody can say whether to remind of such an appointment.
    """
    head = _head(record)
    if head.type not in appointments.EVENT_TYPES and not _is_newer(record, head.type):
        return None
    event = _event_of(record, head.type)
    if not is_known(event.appointment.status):
        raise NeedsNewer(f"this release does not know the status {event.appointment.status!s}")
    try:
        told = appointment_of(event.appointment, record.timestamp)
    except (LookupError, ValueError, OSError) as error:  # ZoneInfo raises any of them for a bad name
        raise InvalidMessage(
            f"time zone {event.appointment.timezone[:60]!r} cannot be used: {error}"
        ) from error
    story = Story(
        appointment_id=event.appointment.id,
        organization_id=event.appointment.organization_id,
        organizer_id=event.appointment.organizer_id,
        version=event.appointment.version,
        body=event.appointment.model_dump_json(),
        people=orjson.dumps(
            {str(person.id): person.model_dump(mode="json") for person in event.people}
        ).decode(),
        actor=head.actor or event.actor,
        correlation_id=head.correlation_id or str(head.id),
        traceparent=head.traceparent,
        cause=record.position,
    )
    return AppointmentTold(told, course_of(event.appointment), story)


def _is_newer(record: Record, kind: str) -> bool:
    """Whether the type is unknown, and one of appointments."""
    if kind in CE_TYPES:
        return False
    note_unknown("reminders", record, kind)
    return kind.startswith("appointment.")


def _event_of(record: Record, kind: str) -> appointments.AppointmentEvent:
    try:
        return _body(appointments.AppointmentEvent, record)
    except InvalidMessage as error:
        if kind in appointments.EVENT_TYPES or record.topic != topics.BOOKING_EVENTS.name:
            raise
        raise NeedsNewer(f"this release does not know {kind[:60]}") from error


def read_preferences(record: Record) -> PreferencesTold | RulesTold | None:
    """A change of someone's preferences, or of an organization's; None for any other event. Raises InvalidMessage.

    notifier.events is mostly about deliveries, and reminders.redrive is read for appointments too: whatever does not
    say that it is about preferences is passed over after a look at one header.
    """
    kind = next((value for name, value in record.headers if name == "ce_type"), b"")
    if kind == b"preferences.changed":
        return _read_own(record)
    return _read_rules(record) if kind == b"organization_preferences.changed" else None


def _read_own(record: Record) -> PreferencesTold:
    head = _head(record)
    if head.organization is None:
        raise InvalidMessage("header organization is missing")
    event = _body(preferences.PreferencesChanged, record)
    said = preferences.set_fields(event.preferences) | {"version": event.version}
    return PreferencesTold(event.user_id, head.organization, preferences_of(said))


def _read_rules(record: Record) -> RulesTold:
    event = _body(preferences.OrganizationPreferencesChanged, record)
    said = preferences.set_fields(event.preferences) | {"version": event.version}
    return RulesTold(event.organization_id, organization_of(said))


def appointment_of(told: appointments.Appointment, at: datetime) -> Appointment:
    """The domain's view of an appointment as it was told `at`. Raises LookupError, ValueError or OSError for a zone that does not exist."""
    answers = told.confirmation_status
    coming = (who for who in told.participant_ids if answers.get(who) is not Confirmation.DECLINED)
    settings = told.reminder_settings
    return Appointment(
        id=told.id,
        organization_id=told.organization_id,
        version=told.version,
        start=told.start_time,
        end=told.end_time,
        zone=ZoneInfo(told.timezone),
        open=told.status in OPEN,
        recipients=tuple(dict.fromkeys((told.organizer_id, *coming))),
        asked={channel.value: tuple(leads) for channel, leads in settings.items()} if settings else {},
        told_at=at,
    )


def course_of(told: appointments.Appointment) -> Course:
    """How the appointment has gone so far."""
    return Course(told.status.value, arrived(told.checked_in, told.start_time), told.updated_at)


def _head(record: Record) -> Envelope:
    try:
        return envelope.read(record.headers)
    except MalformedEnvelope as error:
        raise InvalidMessage(str(error)) from error


def _body(model: type[Body], record: Record) -> Body:
    if record.value is None:
        raise InvalidMessage("the record has no value")
    try:
        return read_event(model, record.value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidMessage(f"{error.error_count()} errors, first {where!r}: {first['msg']}") from error
