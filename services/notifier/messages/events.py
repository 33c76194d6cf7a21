"""Decode events about appointments and series, and due reminders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from chassis.consuming.newer import NeedsNewer, note_unknown
from chassis.errors import InvalidMessage
from contracts import appointments, envelope, reminders, series
from contracts.appointments import AppointmentEvent
from contracts.envelope import Envelope, Record
from contracts.reading import is_known, read_event
from contracts.reminders import FollowUp
from contracts.reminders import Reminder as DueReminder
from contracts.series import Scope, SeriesChange, SeriesEvent, SeriesState
from notifications.dates_and_times import zone
from scheduling.recurrence import Recurrence
from scheduling.rrule_text import parsed
from services.notifier.domain import model

PREPARATION_NOTES = "preparation_notes"  # the custom field that reminders show


@dataclass(frozen=True, slots=True)
class Happened:
    """An event or due reminder, and the headers that its notifications pass on."""

    source: model.Event | model.Reminder
    correlation_id: str
    traceparent: str | None
    actor: str | None


def _event(record: Record) -> Happened:
    headers = envelope.read(record.headers)
    body = read_event(AppointmentEvent, record.value)
    source = model.Event(
        id=headers.id,
        type=headers.type,
        at=_when(record, headers),
        actor=body.actor,
        appointment=_appointment(body.appointment),
        changes=_changes(body.changes),
        people=_people(body.people),
        announcement=body.announcement or "",
        seated=body.seated,
        of_series=body.of_series is not None,
    )
    return _happened(source, headers, body.actor)


def _series(record: Record) -> Happened | None:
    """Decode an event about a series as one about its first occurrence; None: it has no notifications."""
    headers = envelope.read(record.headers)
    body = read_event(SeriesEvent, record.value)
    if not is_known(body.change):
        raise NeedsNewer(f"this release does not know the change {body.change!s} of a series")
    if body.appointment is None or not body.occurrences or body.change is SeriesChange.EXTENDED:
        return None
    source = model.Event(
        id=headers.id,
        type=f"appointment.{_change(body)}",
        at=_when(record, headers),
        actor=body.actor,
        appointment=_appointment(body.appointment),
        changes=_changes(body.changes),
        people=_people(body.people),
        series=_series_of(body),
    )
    return _happened(source, headers, body.actor)


def _change(body: SeriesEvent) -> str:
    """Return the change by its name for single appointments: a confirmed whole outranks one response."""
    if body.change not in (SeriesChange.CONFIRMED, SeriesChange.DECLINED):
        return body.change.value
    whole = any(change.field == "status" and change.new == "confirmed" for change in body.changes)
    return "confirmed" if whole else f"participant_{body.change}"


def _series_of(body: SeriesEvent) -> model.Series:
    return model.Series(
        id=body.series_id,
        version=body.version,
        recurrence=_recurrence(body.series),
        occurrences=[
            model.Occurrence(one.appointment_id, one.original_start_time, one.start_time, one.end_time)
            for one in body.occurrences
        ],
        skipped=[one.original_start_time for one in body.skipped],
        whole=body.change is SeriesChange.CREATED or body.scope is Scope.ALL or _from_the_first(body),
    )


def _recurrence(state: SeriesState) -> Recurrence:
    try:
        start = datetime.fromisoformat(state.local_start).replace(tzinfo=None)
        if state.rrule:
            parsed(state.rrule)
    except ValueError as error:
        raise InvalidMessage(f"the pattern of the series cannot be read: {error}") from error
    return Recurrence(start, state.timezone, state.rrule, tuple(state.exdates), tuple(state.rdates))


def _from_the_first(body: SeriesEvent) -> bool:
    """True if "this and following" covers all occurrences that the pattern ever had."""
    first = datetime.fromisoformat(body.series.local_start).replace(tzinfo=zone(body.series.timezone))
    return body.occurrences[0].original_start_time <= first


def _reminder(record: Record) -> Happened:
    return _due(record, read_event(DueReminder, record.value))


def _follow_up(record: Record) -> Happened:
    return _due(record, read_event(FollowUp, record.value))


def _due(record: Record, body: DueReminder | FollowUp) -> Happened:
    headers = envelope.read(record.headers)
    source = model.Reminder(
        id=headers.id,
        at=_when(record, headers),
        recipient_id=body.recipient_id,
        channels=frozenset(body.channels),
        appointment=_appointment(body.appointment),
        people=_people(body.people),
        follows_up=isinstance(body, FollowUp),
    )
    return _happened(source, headers, headers.actor)


def _happened(source: model.Event | model.Reminder, headers: Envelope, actor: str | None) -> Happened:
    return Happened(source, headers.correlation_id or str(headers.id), headers.traceparent, actor)


def _when(record: Record, headers: Envelope) -> datetime:
    """Return the time of the event, because a replayed or redriven record is younger than its event."""
    return min(record.timestamp, headers.time or record.timestamp)


def _appointment(state: appointments.Appointment) -> model.Appointment:
    """Raises NeedsNewer for an unknown status, because the recipients depend on it."""
    if not is_known(state.status):
        raise NeedsNewer(f"this release does not know the status {state.status!s}")
    notes = state.custom_fields.get(PREPARATION_NOTES)
    return model.Appointment(
        id=state.id,
        organization_id=state.organization_id,
        version=state.version,
        organizer_id=state.organizer_id,
        answers={
            user: state.confirmation_status[user].value if user in state.confirmation_status else "pending"
            for user in state.participant_ids
        },
        status=state.status.value,
        start=state.start_time,
        end=state.end_time,
        timezone=state.timezone,
        title=state.title,
        location=state.location,
        meeting_url=state.meeting_url,
        preparation_notes=notes if isinstance(notes, str) else "",
        cancellation_reason=state.cancellation_reason or "",
        waiting=state.waiting,
        series_id=state.series_id,
        original_start=state.original_start_time,
    )


def _changes(changes: list[appointments.Change]) -> list[model.Change]:
    return [model.Change(change.field, change.old, change.new) for change in changes]


def _people(people: list[appointments.Person]) -> dict[UUID, model.Person]:
    return {item.id: model.Person(item.id, item.name, item.timezone, item.locale) for item in people}


def read_unknown(record: Record, kind: str) -> Happened | None:
    """Decode an event of a type from a newer release: it has no notifications, but its state is kept.

    Return None for an event that is not about an appointment. Raises NeedsNewer if it cannot be read.
    """
    note_unknown("notifier", record, kind)
    if not kind.startswith("appointment."):
        return None
    try:
        return _event(record)
    except ValidationError as error:
        raise NeedsNewer(f"this release does not know {kind[:60]}") from error


EVENTS: dict[str, Callable[[Record], Happened | None]] = {
    **dict.fromkeys(appointments.EVENT_TYPES, _event),
    **dict.fromkeys(series.EVENT_TYPES, _series),
    **dict.fromkeys(reminders.EVENT_TYPES.keys() - {"reminder.missed"}, _reminder),
    **dict.fromkeys(reminders.FOLLOW_UP_TYPES, _follow_up),
}
