"""Read records into rows of the views, and make the messages about shown rows."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid5

from pydantic import BaseModel, ValidationError

from chassis.consuming.newer import NeedsNewer, note_unknown
from chassis.errors import InvalidMessage
from chassis.telemetry import follow
from contracts import (
    appointments,
    availability,
    calendars,
    envelope,
    feeds,
    holds,
    notifications,
    outcomes,
    series,
    topics,
)
from contracts.appointments import AppointmentEvent
from contracts.catalog import CE_TYPES
from contracts.envelope import Envelope, MalformedEnvelope, Message, Record
from contracts.notifications import Notification
from contracts.reading import read_event
from contracts.views import (
    AvailabilityShown,
    BusyTimesShown,
    FeedShown,
    HoldShown,
    OrganizationPreferencesShown,
    PreferencesShown,
    SubscriptionsShown,
)
from services.projector.domain.calendar import Change, search_text
from services.projector.domain.deliveries import Delivery
from services.projector.domain.outcomes import CommandOutcome, Preference, Rules, Suspension
from services.projector.domain.times import BusyTimes, CalendarSubscriptions, Feed, Hold, Hours, Series
from services.projector.messages import facts
from services.projector.messages.calendar import calendar_changed

SOURCE = "appointments/projector"

Body = (
    Change
    | Delivery
    | CommandOutcome
    | Preference
    | Rules
    | Suspension
    | Hours
    | BusyTimes
    | Hold
    | Series
    | Feed
    | CalendarSubscriptions
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One record, read: its envelope, and its row of the views."""

    head: Envelope
    body: Body


def read(record: Record) -> Fact | None:
    """Return a record's fact by its type, from any topic; None for types that the views do not show.

    Raises InvalidMessage for a record that can never be read, and NeedsNewer for one that needs a newer
    release.
    """
    try:
        head = envelope.read(record.headers)
        reader = _READERS.get(head.type)
        if reader is None:
            return None if head.type in CE_TYPES else _of_unknown_type(record, head)
        return Fact(head, reader(record, head))
    except MalformedEnvelope as error:
        raise InvalidMessage(str(error)) from error
    except ValidationError as error:
        raise InvalidMessage("; ".join(_complaints(error))) from error


def _of_unknown_type(record: Record, head: Envelope) -> Fact | None:
    """Return the fact of a newer release's event, by its family's state; None for an unknown family."""
    note_unknown("projector", record, head.type)
    reader = _FAMILIES.get(head.type.partition(".")[0])
    if reader is None:
        return None
    try:
        return Fact(head, reader(record, head))
    except (ValidationError, InvalidMessage) as error:
        if record.topic == topics.redrive("projector").name:
            raise  # redriven by an operator: at worst it becomes a dead letter again
        raise NeedsNewer(
            f"this release does not know {head.type[:60]}; the projector is older than its writer"
        ) from error


def shown(record: Record, fact: Fact) -> Message | None:
    """Return the message that the views show this record; the same bytes each time."""
    content = _content(fact.body)
    if content is None:
        return None
    kind, subject, organization, body = content
    about = _about(record, fact.head, kind, subject, organization)
    return about.message(topics.PROJECTOR_EVENTS.name, body.model_dump_json().encode())


def _content(body: Body) -> tuple[str, UUID, UUID, BaseModel] | None:
    """Return type, subject, organization and body of the message; None for a series: its occurrences have
    one.
    """
    version = getattr(body, "version", 0)
    match body:
        case Change(appointment_id=subject):
            shows: BaseModel = calendar_changed(body)
            return "calendar.changed", subject, body.organization_id, shows
        case Preference(user_id=subject):
            shows = PreferencesShown(user_id=subject, version=version)
            return "preferences.shown", subject, body.organization_id, shows
        case Rules(organization_id=subject):
            shows = OrganizationPreferencesShown(organization_id=subject, version=version)
            return "organization_preferences.shown", subject, subject, shows
        case Hours(user_id=subject):
            shows = AvailabilityShown(user_id=subject, version=version)
            return "availability.shown", subject, body.organization_id, shows
        case BusyTimes(user_id=subject):
            shows = BusyTimesShown(user_id=subject, version=version)
            return "busy_times.shown", subject, body.organization_id, shows
        case CalendarSubscriptions(user_id=subject):
            shows = SubscriptionsShown(user_id=subject, version=version)
            return "calendar_subscriptions.shown", subject, body.organization_id, shows
        case Feed(user_id=subject):
            return (
                "feed.shown",
                subject,
                body.organization_id,
                FeedShown(user_id=subject, version=version),
            )
        case Hold(id=subject):
            shows = HoldShown(
                hold_id=subject,
                version=version,
                user_ids=list(body.user_ids),
                start_time=body.start_time,
                end_time=body.end_time,
            )
            return "hold.shown", subject, body.organization_id, shows
    return None


def _change(record: Record, head: Envelope) -> Change:
    event = read_event(AppointmentEvent, record.value)
    now = event.appointment
    attendees = dict.fromkeys(now.waiting, "waiting")
    attendees |= {
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
        series_id=now.series_id,
        hold_id=event.hold_id,
    )


def _delivery(record: Record, head: Envelope) -> Delivery:
    event = read_event(Notification, record.value)
    return Delivery(
        id=event.notification_id,
        organization_id=facts.organization(head),
        appointment_id=event.appointment_id,
        event_id=event.event_id,
        type=str(event.type),
        recipient_id=event.recipient_id,
        channel=str(event.channel),
        priority=event.priority,
        state=str(event.state),
        attempts=event.attempts,
        planned_at=event.planned_at,
        next_attempt_at=event.next_attempt_at,
        sent_at=event.sent_at,
        delivered_at=event.delivered_at,
        reason=event.reason,
        fallback_of=event.fallback_of,
    )


_READERS: dict[str, Callable[[Record, Envelope], Body]] = {
    **dict.fromkeys(appointments.EVENT_TYPES, _change),
    **dict.fromkeys(notifications.EVENT_TYPES, _delivery),
    **dict.fromkeys(notifications.CHANNEL_EVENT_TYPES, facts.suspension),
    **dict.fromkeys(outcomes.OUTCOME_TYPES, facts.outcome),
    "preferences.changed": facts.preference,
    "organization_preferences.changed": facts.rules,
    **dict.fromkeys(availability.AVAILABILITY_EVENT_TYPES, facts.hours),
    **dict.fromkeys(availability.BUSY_EVENT_TYPES, facts.busy_times),
    **dict.fromkeys(holds.EVENT_TYPES, facts.hold),
    **dict.fromkeys(series.EVENT_TYPES, facts.series),
    **dict.fromkeys(feeds.EVENT_TYPES, facts.feed),
    **dict.fromkeys(calendars.EVENT_TYPES, facts.subscriptions),
}


# By the part before the dot. An event of another family belongs to views that this release does not have.
_FAMILIES = {kind.partition(".")[0]: reader for kind, reader in _READERS.items()}


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


def _complaints(error: ValidationError) -> list[str]:
    return [f"{item.field or 'value'}: {item.message}" for item in outcomes.field_errors(error)[:5]]
