"""Booking a new appointment."""

from datetime import datetime
from uuid import UUID

from services.booking.domain import access
from services.booking.domain.access import zone_of
from services.booking.domain.attendance.invitations import invitees, participant_fields, refusal_for_strangers
from services.booking.domain.attendance.seats import refusal_for_seats
from services.booking.domain.free_time.bookable import ignored, refusal_for_ignoring, refusal_for_times
from services.booking.domain.model import times
from services.booking.domain.model.appointment import Answer, Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Create
from services.booking.domain.model.decision import Accepted, Code, Decision, Event, Refusal, invalid
from services.booking.domain.model.diary import Hold
from services.booking.domain.model.status import open_status
from services.booking.domain.model.times import Period
from services.booking.domain.series.booking import decide_create_series


def decide_create(command: Create, book: Book, at: datetime) -> Decision:
    """Only a member books; then permission, validity, people, past, conflict."""
    member = book.member(command.actor, command.organization)
    if member is None:
        return access.NOT_A_MEMBER
    organizer_id = command.organizer_id or member.id
    hold = (
        access.refusal_for_organizer(member, organizer_id)
        or refusal_for_ignoring(command, command.ignore_availability, organizer_id)
        or refusal_for_used_id(command, book)
        or hold_of(command, book, at)
    )
    if isinstance(hold, Refusal):
        return hold
    zone = zone_of(command, organizer_id, book)
    when = times.period(command.start, command.end, zone, command.fold)
    if isinstance(when, Refusal):
        return when
    involved = (organizer_id, *invitees(command.participant_ids, organizer_id))
    refusal = (
        times.refusal_for_length(when)
        or (None if command.pattern else times.refusal_for_distance(when.start, at))
        or _refusal_for_seats(command, involved)
        or refusal_for_strangers(
            involved, lambda: _sent(command, organizer_id), book.people, command.organization
        )
    )
    if refusal:
        return refusal
    appointment = _booked(command, involved, when, zone, at)
    if command.pattern:
        return decide_create_series(command, appointment, book, at, hold)
    return _alone(command, appointment, book, at, hold)


def _alone(
    command: Create, appointment: Appointment, book: Book, at: datetime, hold: Hold | None
) -> Decision:
    """One appointment that is no series: in the future, when everybody is free; it uses up the hold."""
    when = Period(appointment.start, appointment.end)
    involved = (appointment.organizer_id, *appointment.answers)
    refusal = times.refusal_for_past(when.start, at) or refusal_for_times(
        command,
        book,
        involved,
        when,
        own=None,
        at=at,
        ignoring=ignored(command.ignore_availability, appointment.organizer_id),
        hold=hold.id if hold else None,
    )
    if refusal:
        return refusal
    more = None
    if hold is not None:
        book.diary.end(hold)
        more = {"hold_id": hold.id}
    return Accepted(appointment, Event("appointment.created", (), book.named(involved), more))


def refusal_for_used_id(command: Create, book: Book) -> Refusal | None:
    """An id belongs to one appointment for ever; of whom is not told."""
    if book.find(command.appointment_id) is None:
        return None
    return invalid("appointment_id", "exists", "This id is in use.")


def hold_of(command: Create, book: Book, at: datetime) -> Hold | Refusal | None:
    """The hold that a create uses up, None if it has expired: then it keeps nothing free and stands in no way."""
    if command.hold_id is None:
        return None
    hold = book.diary.hold(command.hold_id)
    if hold is None or hold.owner_id != command.actor.user:
        return Refusal(Code.NOT_FOUND, "There is no such hold.")
    return hold if hold.is_live(at) else None


def _refusal_for_seats(command: Create, involved: tuple[UUID, ...]) -> Refusal | None:
    if command.seats is None:
        return None
    return refusal_for_seats("participant_ids", command.seats, dict.fromkeys(involved[1:], Answer.PENDING))


def _sent(command: Create, organizer_id: UUID) -> list[tuple[str, UUID]]:
    return [("organizer_id", organizer_id), *participant_fields(command.participant_ids)]


def _booked(
    command: Create, involved: tuple[UUID, ...], when: Period, zone: str, at: datetime
) -> Appointment:
    answers = dict.fromkeys(involved[1:], Answer.PENDING)
    actor = command.actor.text
    return Appointment(
        id=command.appointment_id,
        organization_id=command.organization,
        organizer_id=involved[0],
        answers=answers,
        client_id=command.client_id,
        start=when.start,
        end=when.end,
        timezone=zone,
        title=command.title,
        description=command.description,
        location=command.location,
        meeting_url=command.meeting_url,
        status=open_status(answers, organizer_confirmed=False),
        organizer_confirmed=False,
        checked_in={},
        reminder_settings=command.reminder_settings,
        custom_fields=command.custom_fields,
        version=1,
        created_at=at,
        created_by=actor,
        updated_at=at,
        updated_by=actor,
        cancellation_reason=None,
        seats=command.seats,
    )
