"""Joining an appointment that has seats, waiting for a seat, and leaving."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.booking.domain.accept import Draft, accept
from services.booking.domain.attendance.responses import event_for
from services.booking.domain.attendance.seats import WAITING_MAX, filled, full, has_seat, without
from services.booking.domain.free_time.bookable import ignored, refusal_for_times
from services.booking.domain.free_time.enquiry import Enquiry
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Join, Leave
from services.booking.domain.model.decision import Accepted, Code, Decision, Refusal, invalid
from services.booking.domain.model.needs import Known, Needs, TimeNeeds
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.model.times import Period


def needs_of_seat(command: Join | Leave) -> Needs:
    """The appointment."""
    return Needs(appointments=(command.appointment_id,))


def time_of_join(command: Join, _: Known) -> TimeNeeds | None:
    """The actor's time, and that of the waiting list."""
    user = command.actor.user
    return TimeNeeds(command.appointment_id, frozenset((user,))) if user else None


def time_of_leave(command: Leave, _: Known) -> TimeNeeds:
    """The time of the waiting list, which may get the seat."""
    return TimeNeeds(command.appointment_id)


def decide_join(case: Case[Join], before: Appointment) -> Decision:
    """Give the actor a seat; if there is none, put them on the waiting list if they want to wait, else
    refuse.

    The waiting list comes first: a seat that none of its people could take goes to the first who has time by
    now. To ask again changes nothing.
    """
    user = case.command.actor.user
    if user is None or has_seat(before.answers, user):
        return Accepted(before, None)
    waited = user in before.waiting
    refusal = None if waited else _refusal_for(case, before, user)
    if refusal:
        return replace(refusal, appointment_id=before.id, version=before.version)
    queued = before if waited else replace(before, waiting=(*before.waiting, user))
    after, moved_up = filled(case, queued)
    if user in after.waiting and not waited and (not case.command.wait or len(after.waiting) > WAITING_MAX):
        return full(before)
    event = "appointment.participant_joined" if moved_up else "appointment.participant_waiting"
    others = tuple(other for other in moved_up if other != user)
    accepted = accept(case, before, after, Draft(event_for(before, after, event), seated=others))
    return replace(accepted, outcome=_place(after, user))


def decide_leave(case: Case[Leave], before: Appointment) -> Decision:
    """Remove the actor from the seats and the waiting list; the first there who can come gets the seat in the
    same version.
    """
    user = case.command.actor.user
    if user is None:
        return Accepted(before, None)
    after, moved_up = filled(case, without(before, user))
    event = event_for(before, after, "appointment.participant_left")
    return accept(case, before, after, Draft(event, seated=moved_up))


def _refusal_for(case: Case[Join], before: Appointment, user: UUID) -> Refusal | None:
    if user == before.organizer_id:
        return invalid("", "organizer", "The organizer takes part without a seat and cannot join.")
    if before.seats is None:
        return Refusal(
            Code.NOT_ALLOWED, "This appointment has no seats: only invited participants can take part."
        )
    when, mine = Period(before.start, before.end), ignored(case.command.ignore_availability, user)
    return refusal_for_times(case, Enquiry((user,), when, before, ignoring=mine, suggest=False))


def _place(after: Appointment, user: UUID) -> Mapping[str, Any] | None:
    """Return this person's place in the waiting list for the outcome; None if they have a seat."""
    if user not in after.waiting:
        return None
    return {"waiting": {"status": "waiting", "position": after.waiting.index(user) + 1}}


RULES: Rules = {
    Join: Rule(decide_join, needs_of_seat, time_of_join),
    Leave: Rule(decide_leave, needs_of_seat, time_of_leave),
}
