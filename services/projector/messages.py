"""From records to what the views keep, and from there to what others are told."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid5

from pydantic import ValidationError

from chassis.errors import InvalidMessage
from chassis.telemetry import follow
from contracts import appointments, envelope, notifications, outcomes, topics
from contracts.appointments import AppointmentEvent
from contracts.envelope import Envelope, MalformedEnvelope, Message, Record
from contracts.notifications import ChannelSuspension, Notification
from contracts.outcomes import Outcome, PreferencesOutcome
from contracts.preferences import OrganizationPreferencesChanged, PreferencesChanged
from contracts.views import CalendarChanged, OrganizationPreferencesShown, PreferencesShown
from services.projector.domain.answers import Answer, Preference, Rules, Suspension
from services.projector.domain.calendar import Change, search_text
from services.projector.domain.deliveries import Delivery

SOURCE = "appointments/projector"

Body = Change | Delivery | Answer | Preference | Rules | Suspension


@dataclass(frozen=True, slots=True)
class Fact:
    """One record, read: who said it, and what it means for the views."""

    head: Envelope
    body: Body


def read(record: Record) -> Fact | None:
    """What a record says, by its type, from whatever topic; None for types that the views do not show.

    Raises InvalidMessage when it can never be read.
    """
    try:
        head = envelope.read(record.headers)
        reader = _READERS.get(head.type)
        return Fact(head, reader(record, head)) if reader else None
    except MalformedEnvelope as error:
        raise InvalidMessage(str(error)) from error
    except ValidationError as error:
        raise InvalidMessage("; ".join(_complaints(error))) from error


def shown(record: Record, fact: Fact) -> Message | None:
    """What others are told once the views show this record: the same bytes however often it is computed."""
    if isinstance(fact.body, Change):
        return _calendar_changed(record, fact.head, fact.body)
    if isinstance(fact.body, Preference):
        return _preferences_shown(record, fact.head, fact.body)
    if isinstance(fact.body, Rules):
        return _rules_shown(record, fact.head, fact.body)
    return None


def _change(record: Record, head: Envelope) -> Change:
    event = AppointmentEvent.model_validate_json(record.value or b"")
    now = event.appointment
    attendees = {
        person: str(now.confirmation_status.get(person, "pending")) for person in now.participant_ids
    }
    attendees[now.organizer_id] = "organizer"
    people = dict.fromkeys((*attendees, *(person.id for person in event.people)))
    return Change(
        event_id=head.id,
        organization_id=now.organization_id,
        appointment_id=event.appointment_id,
        version=event.version,
        change=head.type.removeprefix("appointment."),
        changes=f"[{','.join(change.model_dump_json() for change in event.changes)}]",
        actor=event.actor,
        at=now.updated_at,
        organizer_id=now.organizer_id,
        client_id=now.client_id,
        status=str(now.status),
        start_time=now.start_time,
        end_time=now.end_time,
        title=now.title,
        location=now.location,
        search=search_text(now.title, now.location, now.description),
        body=now.model_dump_json(),
        attendees=tuple(attendees.items()),
        audience=tuple(people),
    )


def _delivery(record: Record, head: Envelope) -> Delivery:
    told = Notification.model_validate_json(record.value or b"")
    return Delivery(
        id=told.notification_id,
        organization_id=_organization(head),
        appointment_id=told.appointment_id,
        event_id=told.event_id,
        type=str(told.type),
        recipient_id=told.recipient_id,
        channel=str(told.channel),
        priority=told.priority,
        state=str(told.state),
        attempts=told.attempts,
        planned_at=told.planned_at,
        next_attempt_at=told.next_attempt_at,
        sent_at=told.sent_at,
        delivered_at=told.delivered_at,
        reason=told.reason,
        fallback_of=told.fallback_of,
    )


def _answer(record: Record, head: Envelope) -> Answer:
    of_preferences = head.source == "appointments/notifier"
    told = (PreferencesOutcome if of_preferences else Outcome).model_validate_json(record.value or b"")
    return Answer(told.command_id, head.organization, head.actor, told.model_dump_json(), record.timestamp)


def _preference(record: Record, head: Envelope) -> Preference:
    told = PreferencesChanged.model_validate_json(record.value or b"")
    return Preference(
        told.user_id, _organization(head), told.version, told.preferences.model_dump_json(exclude_unset=True)
    )


def _rules(record: Record, _: Envelope) -> Rules:
    told = OrganizationPreferencesChanged.model_validate_json(record.value or b"")
    return Rules(told.organization_id, told.version, told.preferences.model_dump_json(exclude_unset=True))


def _suspension(record: Record, head: Envelope) -> Suspension:
    told = ChannelSuspension.model_validate_json(record.value or b"")
    return Suspension(
        user_id=told.user_id,
        organization_id=_organization(head),
        channel=str(told.channel),
        since=told.since,
        reason=told.reason,
        version=told.version,
        restored_at=told.restored_at,
    )


_READERS: dict[str, Callable[[Record, Envelope], Body]] = {
    **dict.fromkeys(appointments.EVENT_TYPES, _change),
    **dict.fromkeys(notifications.EVENT_TYPES, _delivery),
    **dict.fromkeys(notifications.CHANNEL_EVENT_TYPES, _suspension),
    **dict.fromkeys(outcomes.OUTCOME_TYPES, _answer),
    "preferences.changed": _preference,
    "organization_preferences.changed": _rules,
}


def _calendar_changed(record: Record, head: Envelope, change: Change) -> Message:
    body = CalendarChanged(
        appointment_id=change.appointment_id,
        version=change.version,
        change=change.change,
        user_ids=list(change.audience),
    )
    about = _about(record, head, "calendar.changed", change.appointment_id, change.organization_id)
    return about.message(topics.PROJECTOR_EVENTS.name, body.model_dump_json().encode())


def _preferences_shown(record: Record, head: Envelope, preference: Preference) -> Message:
    body = PreferencesShown(user_id=preference.user_id, version=preference.version)
    about = _about(record, head, "preferences.shown", preference.user_id, preference.organization_id)
    return about.message(topics.PROJECTOR_EVENTS.name, body.model_dump_json().encode())


def _rules_shown(record: Record, head: Envelope, rules: Rules) -> Message:
    body = OrganizationPreferencesShown(organization_id=rules.organization_id, version=rules.version)
    kind = "organization_preferences.shown"
    about = _about(record, head, kind, rules.organization_id, rules.organization_id)
    return about.message(topics.PROJECTOR_EVENTS.name, body.model_dump_json().encode())


def _about(record: Record, head: Envelope, kind: str, subject: UUID, organization: UUID) -> Envelope:
    identifier = uuid5(head.id, kind)
    return Envelope(
        id=identifier,
        type=kind,
        source=SOURCE,
        subject=str(subject),
        time=record.timestamp,
        organization=organization,
        actor=head.actor,
        correlation_id=head.correlation_id or str(head.id),
        traceparent=follow(head.traceparent, identifier),
        cause=record.position,
    )


def _organization(head: Envelope) -> UUID:
    if head.organization is None:
        raise InvalidMessage("header organization is missing")
    return head.organization


def _complaints(error: ValidationError) -> list[str]:
    return [f"{item.field or 'value'}: {item.message}" for item in outcomes.field_errors(error)[:5]]
