"""Seats: the most participants of an appointment, and its waiting list.

Every participant who has not declined has a seat. People on the waiting list occupy no time.
"""

from dataclasses import replace
from uuid import UUID

from services.booking.domain.free_time.conflicts import refusal_for_conflict
from services.booking.domain.free_time.enquiry import Enquiry
from services.booking.domain.model.appointment import Answer, Answers, Appointment
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Code, Refusal, invalid
from services.booking.domain.model.status import open_status
from services.booking.domain.model.times import Period

PARTICIPANTS_MAX = 500  # including those who declined: an appointment names them all
WAITING_MAX = 500


def taken(answers: Answers) -> int:
    """Return the number of seats taken."""
    return sum(answer is not Answer.DECLINED for answer in answers.values())


def has_seat(answers: Answers, user: UUID) -> bool:
    """Whether this person has a seat."""
    return answers.get(user, Answer.DECLINED) is not Answer.DECLINED


def refusal_for_seats(field: str, seats: int | None, answers: Answers) -> Refusal | None:
    """Reject more people than seats; `field` is the field of the command that can be sent otherwise."""
    if seats is None or taken(answers) <= seats:
        return None
    message = f"{taken(answers)} participants need a seat; the appointment has {seats}."
    return invalid(field, "more_than_seats", message)


def full(before: Appointment) -> Refusal:
    """Return the refusal for a person who wants a seat where there is none."""
    return Refusal(Code.FULL, "All seats are taken.", appointment_id=before.id, version=before.version)


def room_for(appointment: Appointment, user: UUID) -> bool:
    """Whether there is a seat for this person, who has none yet."""
    if user not in appointment.answers and len(appointment.answers) >= PARTICIPANTS_MAX:
        return False
    return appointment.seats is None or taken(appointment.answers) < appointment.seats


def seated(appointment: Appointment, user: UUID) -> Appointment:
    """Return the state after this person took a seat: their response is yes, and they no longer wait."""
    return with_answers(_waiting_without(appointment, user), {**appointment.answers, user: Answer.CONFIRMED})


def without(appointment: Appointment, user: UUID) -> Appointment:
    """Return the state after this person left their seat or the waiting list."""
    answers = {other: answer for other, answer in appointment.answers.items() if other != user}
    return with_answers(_waiting_without(appointment, user), answers)


def with_answers(appointment: Appointment, answers: Answers) -> Appointment:
    """Return the state with other responses, and the status that follows from them."""
    status = open_status(answers, appointment.organizer_confirmed)
    return replace(appointment, answers=answers, status=status)


def filled(case: Case[Command], appointment: Appointment) -> tuple[Appointment, tuple[UUID, ...]]:
    """Return the state after people of the waiting list took the free seats in order, and those people.

    People who are busy at the time are passed over and go on waiting. Their own availability does not count:
    they asked for this very time. Once the appointment has begun, nobody is seated any more.
    """
    moved_up: list[UUID] = []
    if appointment.start > case.at:
        for user in appointment.waiting:
            if not room_for(appointment, user):
                break
            if _can_come(case, appointment, user):
                appointment = seated(appointment, user)
                moved_up.append(user)
    return appointment, tuple(moved_up)


def _can_come(case: Case[Command], appointment: Appointment, user: UUID) -> bool:
    if not any(person.active for person in case.book.named((user,))):
        return False
    when = Period(appointment.start, appointment.end)
    return refusal_for_conflict(case, Enquiry((user,), when, appointment)) is None


def _waiting_without(appointment: Appointment, user: UUID) -> Appointment:
    if user not in appointment.waiting:
        return appointment
    return replace(appointment, waiting=tuple(other for other in appointment.waiting if other != user))
