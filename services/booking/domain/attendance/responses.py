"""Confirming and declining."""

from dataclasses import replace

from services.booking.domain.accept import Draft, accept
from services.booking.domain.attendance.seats import filled, full, room_for, seated, with_answers
from services.booking.domain.free_time.bookable import refusal_for_times
from services.booking.domain.free_time.enquiry import Enquiry
from services.booking.domain.model.appointment import Answer, Appointment, Status
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Confirm, Decline
from services.booking.domain.model.decision import Accepted, Change, Decision
from services.booking.domain.model.needs import Known, Needs, TimeNeeds
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.model.times import Period


def needs_of_answer(command: Confirm | Decline) -> Needs:
    """The appointment."""
    return Needs(appointments=(command.appointment_id,))


def time_of_confirm(command: Confirm, known: Known) -> TimeNeeds | None:
    """The actor's time, if they declined before; nobody's else."""
    appointment, user = known.appointments.get(command.appointment_id), command.actor.user
    if appointment is None or user is None or appointment.answers.get(user) is not Answer.DECLINED:
        return None
    when = Period(appointment.start, appointment.end)
    return TimeNeeds(appointment.id, frozenset((user,)), alone=when)


def time_of_decline(command: Decline, _: Known) -> TimeNeeds:
    """The time of the waiting list, which may get the seat."""
    return TimeNeeds(command.appointment_id)


def decide_confirm(case: Case[Confirm], before: Appointment) -> Decision:
    """Confirm the actor's own part, or the whole if the actor is the organizer; an actor who had declined
    must be free.

    A participant may confirm against their own availability: they did not choose the time.
    """
    user = case.command.actor.user
    if user is None or user == before.organizer_id:
        return _confirm_whole(case, before)
    if before.answers[user] is Answer.DECLINED:
        when = Period(before.start, before.end)
        refusal = refusal_for_times(case, Enquiry((user,), when, before, ignoring=user, suggest=False))
        if refusal:
            return replace(refusal, appointment_id=before.id, version=before.version)
        if not room_for(before, user):
            return full(before)
    after = seated(before, user)
    return accept(case, before, after, Draft(event_for(before, after, "appointment.participant_confirmed")))


def decide_decline(case: Case[Decline], before: Appointment) -> Decision:
    """Decline for the actor, who is free again; the first of the waiting list who can come takes the seat.

    This may confirm the whole, when all the others had confirmed.
    """
    user = case.command.actor.user
    if user is None or before.answers[user] is Answer.DECLINED:
        return Accepted(before, None)
    declined = with_answers(before, {**before.answers, user: Answer.DECLINED})
    after, moved_up = filled(case, declined)
    event = event_for(before, after, "appointment.participant_declined")
    reason = [Change("reason", None, case.command.reason)] if case.command.reason else []
    return accept(case, before, after, Draft(event, reason, moved_up))


def event_for(before: Appointment, after: Appointment, otherwise: str) -> str:
    """Return the one event type for a change: `appointment.confirmed` if the whole is confirmed by it, else
    `otherwise`.
    """
    confirmed = after.status is Status.CONFIRMED and before.status is not Status.CONFIRMED
    return "appointment.confirmed" if confirmed else otherwise


def _confirm_whole(case: Case[Confirm], before: Appointment) -> Accepted:
    if before.status is Status.CONFIRMED:
        return Accepted(before, None)
    after = replace(before, organizer_confirmed=True, status=Status.CONFIRMED)
    return accept(case, before, after, Draft("appointment.confirmed"))


RULES: Rules = {
    Confirm: Rule(decide_confirm, needs_of_answer, time_of_confirm),
    Decline: Rule(decide_decline, needs_of_answer, time_of_decline),
}
