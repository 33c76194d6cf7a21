"""Seats: how many participants there are at most, who takes one by themselves, and who waits for the next.

Whoever has not declined has a seat. Who waits occupies nothing.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.booking.domain.free_time.conflicts import refusal_for_conflict
from services.booking.domain.model.appointment import Answer, Answers, Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Code, Refusal, invalid
from services.booking.domain.model.status import open_status

PARTICIPANTS_MAX = 500  # who declined counts: an appointment names them all
WAITING_MAX = 500


def taken(answers: Answers) -> int:
    """How many seats are taken."""
    return sum(answer is not Answer.DECLINED for answer in answers.values())


def has_seat(answers: Answers, user: UUID) -> bool:
    """Whether this person has one."""
    return answers.get(user, Answer.DECLINED) is not Answer.DECLINED


def refusal_for_seats(field: str, seats: int | None, answers: Answers) -> Refusal | None:
    """More people than seats are no appointment; `field` is what was sent and can be sent otherwise."""
    if seats is None or taken(answers) <= seats:
        return None
    message = f"Of {taken(answers)} people only {seats} would have a seat."
    return invalid(field, "more_than_seats", message)


def full(before: Appointment) -> Refusal:
    """A refusal for who wants a seat where there is none."""
    return Refusal(Code.FULL, "All seats are taken.", appointment_id=before.id, version=before.version)


def room_for(appointment: Appointment, user: UUID) -> bool:
    """Whether there is a seat for this person, who has none."""
    if user not in appointment.answers and len(appointment.answers) >= PARTICIPANTS_MAX:
        return False
    return appointment.seats is None or taken(appointment.answers) < appointment.seats


def seated(appointment: Appointment, user: UUID) -> Appointment:
    """The state after this person took a seat: their answer is yes, and they do not wait any more."""
    return with_answers(_waiting_without(appointment, user), {**appointment.answers, user: Answer.CONFIRMED})


def without(appointment: Appointment, user: UUID) -> Appointment:
    """The state after this person left, their seat or the queue."""
    answers = {other: answer for other, answer in appointment.answers.items() if other != user}
    return with_answers(_waiting_without(appointment, user), answers)


def with_answers(appointment: Appointment, answers: Answers) -> Appointment:
    """The state with other answers, and the status that follows from them."""
    status = open_status(answers, appointment.organizer_confirmed)
    return replace(appointment, answers=answers, status=status)


def filled(
    command: Command, book: Book, at: datetime, appointment: Appointment
) -> tuple[Appointment, tuple[UUID, ...]]:
    """The state after those who wait took the free seats, the first first; and who they are.

    Who is busy then is passed over and goes on waiting. Their own hours do not count: they asked for this very time.
    Once it has begun, nobody is seated any more.
    """
    moved_up: list[UUID] = []
    if appointment.start > at:
        for user in appointment.waiting:
            if not room_for(appointment, user):
                break
            if _can_come(command, book, at, appointment, user):
                appointment = seated(appointment, user)
                moved_up.append(user)
    return appointment, tuple(moved_up)


def _can_come(command: Command, book: Book, at: datetime, appointment: Appointment, user: UUID) -> bool:
    if not any(person.active for person in book.named((user,))):
        return False
    start, end = appointment.start, appointment.end
    return refusal_for_conflict(command, book, (user,), start, end, own=appointment.id, at=at) is None


def _waiting_without(appointment: Appointment, user: UUID) -> Appointment:
    if user not in appointment.waiting:
        return appointment
    return replace(appointment, waiting=tuple(other for other in appointment.waiting if other != user))
