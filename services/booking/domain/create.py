"""Booking a new appointment."""

from uuid import UUID

from services.booking.domain import access
from services.booking.domain.accept import created_event
from services.booking.domain.attendance.invitations import invitees, participant_fields, refusal_for_strangers
from services.booking.domain.attendance.seats import refusal_for_seats
from services.booking.domain.free_time.bookable import ignored, refusal_for_ignoring, refusal_for_times
from services.booking.domain.free_time.enquiry import Enquiry
from services.booking.domain.free_time.occupancy import time_to_book
from services.booking.domain.model import times
from services.booking.domain.model.appointment import Answer, Appointment
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Create
from services.booking.domain.model.decision import Accepted, Code, Decision, Refusal
from services.booking.domain.model.diary import Hold
from services.booking.domain.model.needs import Known, Needs, TimeNeeds
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.model.status import open_status
from services.booking.domain.model.times import Period
from services.booking.domain.series.booking import decide_create_series


def needs_of_create(command: Create) -> Needs:
    """The organizer and the participants, any appointment of this id, and the hold to use up."""
    organizer = (command.organizer_id,) if command.organizer_id else ()
    return Needs(
        people=(*organizer, *command.participant_ids),
        appointments=(command.appointment_id,),
        holds=(command.hold_id,) if command.hold_id else (),
    )


def time_of_create(command: Create, known: Known) -> TimeNeeds:
    """The time of everybody named, at the times sent."""
    return time_to_book(command, command.appointment_id, known.people)


def decide_create(case: Case[Create]) -> Decision:
    """Check permission, validity, people, past and conflict, in this order."""
    command, book = case.command, case.book
    organizer_id = command.organizer_id or case.person.id
    hold = (
        access.refusal_for_organizer(case.person, organizer_id)
        or refusal_for_ignoring(case, command.ignore_availability, organizer_id)
        or access.refusal_for_used_id(case, command.appointment_id, "This appointment id is already in use.")
        or hold_of(case)
    )
    if isinstance(hold, Refusal):
        return hold
    zone = access.zone_of(command.timezone, organizer_id, book)
    when = times.period(command.start, command.end, zone, command.fold)
    if isinstance(when, Refusal):
        return when
    involved = (organizer_id, *invitees(command.participant_ids, organizer_id))
    refusal = (
        times.refusal_for_length(when, zone)
        or (None if command.pattern else times.refusal_for_distance(when.start, case.at))
        or _refusal_for_seats(command, involved)
        or refusal_for_strangers(
            involved, lambda: _sent(command, organizer_id), book.people, command.organization
        )
    )
    if refusal:
        return refusal
    appointment = _booked(case, involved, when, zone)
    if command.pattern:
        return decide_create_series(case, appointment, hold)
    return _alone(case, appointment, hold)


def _alone(case: Case[Create], appointment: Appointment, hold: Hold | None) -> Decision:
    """Book one appointment that is no series: in the future, when everybody is free; it uses up the hold."""
    when = Period(appointment.start, appointment.end)
    involved = (appointment.organizer_id, *appointment.answers)
    ignoring = ignored(case.command.ignore_availability, appointment.organizer_id)
    enquiry = Enquiry(involved, when, ignoring=ignoring, hold=hold.id if hold else None)
    refusal = times.refusal_for_past(when.start, case.at) or refusal_for_times(case, enquiry)
    if refusal:
        return refusal
    if hold is not None:
        case.book.diary.end(hold)
    return Accepted(appointment, created_event(case, involved, enquiry.hold))


def hold_of(case: Case[Create]) -> Hold | Refusal | None:
    """Return the hold that a create uses up, None if it has expired: then it keeps nothing free and is in
    nobody's way.
    """
    command = case.command
    if command.hold_id is None:
        return None
    hold = case.book.diary.hold(command.hold_id)
    if hold is None or hold.owner_id != command.actor.user:
        return Refusal(Code.NOT_FOUND, "There is no such hold.")
    return hold if hold.is_live(case.at) else None


def _refusal_for_seats(command: Create, involved: tuple[UUID, ...]) -> Refusal | None:
    if command.seats is None:
        return None
    return refusal_for_seats("participant_ids", command.seats, dict.fromkeys(involved[1:], Answer.PENDING))


def _sent(command: Create, organizer_id: UUID) -> list[tuple[str, UUID]]:
    return [("organizer_id", organizer_id), *participant_fields(command.participant_ids)]


def _booked(case: Case[Create], involved: tuple[UUID, ...], when: Period, zone: str) -> Appointment:
    command, at = case.command, case.at
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


RULES: Rules = {Create: Rule(decide_create, needs_of_create, time_of_create)}
