"""Changing an appointment's content, times and participants, all at once or some of them."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.booking.domain.accept import accept
from services.booking.domain.attendance.invitations import invitees, participant_fields, refusal_for_strangers
from services.booking.domain.attendance.seats import filled, has_seat, refusal_for_seats
from services.booking.domain.free_time.bookable import ignored, refusal_for_ignoring, refusal_for_times
from services.booking.domain.model import times
from services.booking.domain.model.appointment import Answer, Answers, Appointment, occupants
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Update
from services.booking.domain.model.decision import Decision, Refusal
from services.booking.domain.model.status import asked_again, open_status
from services.booking.domain.model.times import Period


def decide_update(command: Update, before: Appointment, book: Book, at: datetime) -> Decision:
    """Decide for who may: validity, people, past, conflict; then `rescheduled` if start or end changed."""
    refusal = refusal_for_ignoring(command, command.ignore_availability, before.organizer_id)
    if refusal:
        return _about(refusal, before)
    when = new_times(command, before)
    if isinstance(when, Refusal):
        return _about(when, before)
    after = _changed(command, before, when)
    moved = when != Period(before.start, before.end)
    refusal = (
        (_refusal_for_new_times(when, at) if moved else None)
        or _refusal_for_seats(command, after)
        or _refusal_for_added(command, before, book)
        or (_refusal_for_past(before, when, at) if moved else None)
        or refusal_for_times(
            command,
            book,
            _newly_busy(before, after, moved),
            when,
            own=before.id,
            at=at,
            ignoring=ignored(command.ignore_availability, before.organizer_id),
            involved=occupants(after),
        )
    )
    if refusal:
        return _about(refusal, before)
    after, moved_up = filled(command, book, at, after)
    event = "appointment.rescheduled" if moved else "appointment.updated"
    return accept(command, book, at, event, before, after, seated=moved_up)


def new_times(command: Update, before: Appointment) -> Period | Refusal:
    """The period after the update.

    A naive time is wall-clock time in the zone that was sent, else in the appointment's. A new zone alone moves
    nothing: the instants stay, and their wall clock hangs in the other zone from now on.
    """
    zone = command.timezone or before.timezone
    return times.period(command.start or before.start, command.end or before.end, zone, command.fold)


def new_answers(command: Update, before: Appointment, moved: bool) -> Answers:
    """Who is invited after the update, and what counts as their answer: who is added has none yet."""
    answers: Answers = before.answers
    if command.participant_ids is not None:
        invited = invitees(command.participant_ids, before.organizer_id)
        answers = {user: before.answers.get(user, Answer.PENDING) for user in invited}
    return asked_again(answers) if moved else answers


def _changed(command: Update, before: Appointment, when: Period) -> Appointment:
    moved = when != Period(before.start, before.end)
    answers = new_answers(command, before, moved)
    organizer_confirmed = before.organizer_confirmed and not moved
    return replace(
        before,
        **command.content,
        start=when.start,
        end=when.end,
        timezone=command.timezone or before.timezone,
        answers=answers,
        organizer_confirmed=organizer_confirmed,
        status=open_status(answers, organizer_confirmed),
        seats=command.seats if command.changes_seats else before.seats,
        waiting=tuple(user for user in before.waiting if not has_seat(answers, user)),
    )


def _refusal_for_new_times(when: Period, at: datetime) -> Refusal | None:
    return times.refusal_for_length(when) or times.refusal_for_distance(when.start, at)


def _refusal_for_past(before: Appointment, when: Period, at: datetime) -> Refusal | None:
    """A start that stays may be past: what is under way can still be prolonged or cut short."""
    if when.start != before.start:
        return times.refusal_for_past(when.start, at)
    return times.refusal_for_ended(when.end, at)


def _refusal_for_added(command: Update, before: Appointment, book: Book) -> Refusal | None:
    """Only who is added must be known: who takes part already may have left since."""
    sent = command.participant_ids or ()
    added = set(sent) - before.answers.keys() - {before.organizer_id}
    return refusal_for_strangers(added, lambda: participant_fields(sent), book.people, command.organization)


def _refusal_for_seats(command: Update, after: Appointment) -> Refusal | None:
    """Only who touches seats or people can make them too few."""
    if not command.changes_seats and command.participant_ids is None:
        return None
    field = "seats" if command.changes_seats else "participant_ids"
    return refusal_for_seats(field, after.seats, after.answers)


def _newly_busy(before: Appointment, after: Appointment, moved: bool) -> tuple[UUID, ...]:
    """Whose time must be free: everybody's when the times change, else only that of who is added."""
    if moved:
        return occupants(after)
    already = set(occupants(before))
    return tuple(user for user in occupants(after) if user not in already)


def _about(refusal: Refusal, before: Appointment) -> Refusal:
    return replace(refusal, appointment_id=before.id, version=before.version)
