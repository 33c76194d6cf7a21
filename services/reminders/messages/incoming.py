"""Read events into the domain: changes of appointments and of preferences."""

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
from contracts.calendars import SubscriptionsChanged
from contracts.catalog import CE_TYPES
from contracts.envelope import Envelope, MalformedEnvelope, Record
from contracts.fields import Confirmation, Status
from contracts.reading import is_known, read_event
from notifications.preferences import Organization, Preferences, organization_of, preferences_of
from scheduling.check_in import arrived
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.endings import Course
from services.reminders.messages.calendars import CHANGED, Calendar, CalendarsChange
from services.reminders.messages.outgoing import EventContext

OPEN = (Status.PENDING, Status.CONFIRMED)

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class AppointmentChange:
    """An `appointment.*` event."""

    appointment: Appointment
    course: Course
    context: EventContext


@dataclass(frozen=True, slots=True)
class PreferencesChange:
    """A `preferences.changed` event."""

    person_id: UUID
    organization_id: UUID
    preferences: Preferences


@dataclass(frozen=True, slots=True)
class OrganizationPreferencesChange:
    """An `organization_preferences.changed` event."""

    organization_id: UUID
    rules: Organization


def read_appointment(record: Record) -> AppointmentChange | None:
    """Return an event about an appointment; None for any other. Raises InvalidMessage and NeedsNewer.

    Timers depend on the state alone, so an event of an unknown type is read if it carries one. An unknown
    status is rejected: it may or may not allow reminders.
    """
    head = _head(record)
    if head.type not in appointments.EVENT_TYPES and not _is_newer(record, head.type):
        return None
    event = _event_of(record, head.type)
    if not is_known(event.appointment.status):
        raise NeedsNewer(f"this release does not know the status {event.appointment.status!s}")
    try:
        appointment = appointment_of(event.appointment, record.timestamp)
    except (LookupError, ValueError, OSError) as error:  # ZoneInfo raises any of them for a bad name
        raise InvalidMessage(
            f"time zone {event.appointment.timezone[:60]!r} cannot be used: {error}"
        ) from error
    context = EventContext(
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
    return AppointmentChange(appointment, course_of(event.appointment), context)


def read_booking(record: Record) -> AppointmentChange | CalendarsChange | None:
    """Return an event about an appointment or about subscribed calendars; None for any other.

    Raises InvalidMessage and NeedsNewer.
    """
    kind = next((value for name, value in record.headers if name == "ce_type"), b"")
    return _read_calendars(record) if kind == CHANGED.encode() else read_appointment(record)


def _read_calendars(record: Record) -> CalendarsChange:
    event = _body(SubscriptionsChanged, record)
    calendars = tuple(Calendar(one.id, one.sealed, one.timezone) for one in event.subscriptions)
    return CalendarsChange(event.user_id, event.organization_id, event.version, calendars)


def _is_newer(record: Record, kind: str) -> bool:
    """Return whether the type is an unknown one of appointments."""
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


def read_preferences(record: Record) -> PreferencesChange | OrganizationPreferencesChange | None:
    """Return a change of a person's or an organization's preferences; None for others. Raises InvalidMessage.

    notifier.events is mostly about deliveries, and reminders.redrive is read for appointments too: records
    that are not about preferences are skipped by one header.
    """
    kind = next((value for name, value in record.headers if name == "ce_type"), b"")
    if kind == b"preferences.changed":
        return _read_own(record)
    return _read_organization(record) if kind == b"organization_preferences.changed" else None


def _read_own(record: Record) -> PreferencesChange:
    head = _head(record)
    if head.organization is None:
        raise InvalidMessage("header organization is missing")
    event = _body(preferences.PreferencesChanged, record)
    body = preferences.set_fields(event.preferences) | {"version": event.version}
    return PreferencesChange(event.user_id, head.organization, preferences_of(body))


def _read_organization(record: Record) -> OrganizationPreferencesChange:
    event = _body(preferences.OrganizationPreferencesChanged, record)
    body = preferences.set_fields(event.preferences) | {"version": event.version}
    return OrganizationPreferencesChange(event.organization_id, organization_of(body))


def appointment_of(state: appointments.Appointment, at: datetime) -> Appointment:
    """Return an appointment decided `at`. Raises LookupError, ValueError or OSError for an unknown zone."""
    responses = state.confirmation_status
    coming = (
        person for person in state.participant_ids if responses.get(person) is not Confirmation.DECLINED
    )
    settings = state.reminder_settings
    return Appointment(
        id=state.id,
        organization_id=state.organization_id,
        version=state.version,
        start=state.start_time,
        end=state.end_time,
        zone=ZoneInfo(state.timezone),
        open=state.status in OPEN,
        recipients=tuple(dict.fromkeys((state.organizer_id, *coming))),
        own_lead_times={channel.value: tuple(leads) for channel, leads in settings.items()}
        if settings
        else {},
        decided_at=at,
    )


def course_of(state: appointments.Appointment) -> Course:
    """Return the course of the appointment so far."""
    return Course(state.status.value, arrived(state.checked_in, state.start_time), state.updated_at)


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
