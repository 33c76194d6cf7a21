"""Changing an appointment's content, times and participants, all at once or some of them."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.booking.domain.accept import Draft, accept
from services.booking.domain.attendance.invitations import invitees, participant_fields, refusal_for_strangers
from services.booking.domain.attendance.seats import filled, has_seat, refusal_for_seats
from services.booking.domain.free_time.bookable import ignored, refusal_for_ignoring, refusal_for_times
from services.booking.domain.free_time.enquiry import Enquiry
from services.booking.domain.free_time.occupancy import time_to_book
from services.booking.domain.model import times
from services.booking.domain.model.appointment import Answer, Answers, Appointment, occupants
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Update
from services.booking.domain.model.decision import Decision, Refusal
from services.booking.domain.model.needs import Known, Needs, TimeNeeds
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.model.status import asked_again, open_status
from services.booking.domain.model.times import Period


def needs_of_update(command: Update) -> Needs:
    """The appointment, and the participants sent."""
    return Needs(people=command.participant_ids or (), appointments=(command.appointment_id,))


def time_of_update(command: Update, known: Known) -> TimeNeeds:
    """The time of everybody named, at the times sent."""
    return time_to_book(command, command.appointment_id, known.people)


def decide_update(case: Case[Update], before: Appointment) -> Decision:
    """Check validity, people, past and conflict, in this order; it is `rescheduled` if start or end changed."""
    command, at = case.command, case.at
    refusal = refusal_for_ignoring(case, command.ignore_availability, before.organizer_id)
    if refusal:
        return _about(refusal, before)
    when = new_times(command, before)
    if isinstance(when, Refusal):
        return _about(when, before)
    after = _changed(command, before, when)
    moved = when != Period(before.start, before.end)
    refusal = (
        (_refusal_for_new_times(when, after.timezone, at) if moved else None)
        or _refusal_for_seats(command, after)
        or _refusal_for_added(case, before)
        or (_refusal_for_past(before, when, at) if moved else None)
        or refusal_for_times(case, _enquiry(command, before, after, moved))
    )
    if refusal:
        return _about(refusal, before)
    after, moved_up = filled(case, after)
    event = "appointment.rescheduled" if moved else "appointment.updated"
    return accept(case, before, after, Draft(event, seated=moved_up))


def new_times(command: Update, before: Appointment) -> Period | Refusal:
    """Return the period after the update.

    A naive time is wall-clock time in the zone that was sent, else in the appointment's. A new zone alone
    moves nothing: the instants stay, and their wall clock hangs in the other zone from now on.
    """
    zone = command.timezone or before.timezone
    return times.period(command.start or before.start, command.end or before.end, zone, command.fold)


def new_answers(command: Update, before: Appointment, moved: bool) -> Answers:
    """Return the participants after the update with their responses; those who are added have none yet."""
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


def _refusal_for_new_times(when: Period, zone: str, at: datetime) -> Refusal | None:
    return times.refusal_for_length(when, zone) or times.refusal_for_distance(when.start, at)


def _refusal_for_past(before: Appointment, when: Period, at: datetime) -> Refusal | None:
    """Reject a new start or end that is past; an appointment under way can still be prolonged or cut short."""
    if when.start != before.start:
        return times.refusal_for_past(when.start, at)
    return times.refusal_for_ended(when.end, at)


def _refusal_for_added(case: Case[Update], before: Appointment) -> Refusal | None:
    """Reject unknown people who are added; participants of before may have left the organization since."""
    sent, people = case.command.participant_ids or (), case.book.people
    added = set(sent) - before.answers.keys() - {before.organizer_id}
    return refusal_for_strangers(added, lambda: participant_fields(sent), people, case.command.organization)


def _refusal_for_seats(command: Update, after: Appointment) -> Refusal | None:
    """Reject too few seats, if the command changes the seats or the participants."""
    if not command.changes_seats and command.participant_ids is None:
        return None
    field = "seats" if command.changes_seats else "participant_ids"
    return refusal_for_seats(field, after.seats, after.answers)


def _enquiry(command: Update, before: Appointment, after: Appointment, moved: bool) -> Enquiry:
    return Enquiry(
        _newly_busy(before, after, moved),
        Period(after.start, after.end),
        before,
        ignoring=ignored(command.ignore_availability, before.organizer_id),
        involved=occupants(after),
    )


def _newly_busy(before: Appointment, after: Appointment, moved: bool) -> tuple[UUID, ...]:
    """Return the people whose time must be free: everybody when the times change, else only those who are
    added.
    """
    if moved:
        return occupants(after)
    already = set(occupants(before))
    return tuple(user for user in occupants(after) if user not in already)


def _about(refusal: Refusal, before: Appointment) -> Refusal:
    return replace(refusal, appointment_id=before.id, version=before.version)


RULES: Rules = {Update: Rule(decide_update, needs_of_update, time_of_update)}
