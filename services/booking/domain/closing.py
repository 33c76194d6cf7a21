"""Cancelling, checking in, completing, and marking as a no-show."""

from dataclasses import replace

from services.booking.domain.accept import Draft, accept
from services.booking.domain.model.appointment import Appointment, Status
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Cancel, CheckIn, Complete, MarkNoShow
from services.booking.domain.model.decision import Accepted, Decision
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.rule import Rule, Rules


def needs_of_closing(command: Cancel | CheckIn | Complete | MarkNoShow) -> Needs:
    """The appointment alone: closing it takes nobody's time."""
    return Needs(appointments=(command.appointment_id,))


def decide_cancel(case: Case[Cancel], before: Appointment) -> Decision:
    """Cancel the appointment; everybody is free again."""
    after = replace(before, status=Status.CANCELLED, cancellation_reason=case.command.reason)
    return accept(case, before, after, Draft("appointment.cancelled"))


def decide_check_in(case: Case[CheckIn], before: Appointment) -> Decision:
    """Check the actor in; a second time changes nothing."""
    user = case.command.actor.user
    if user is None or user in before.checked_in:
        return Accepted(before, None)
    after = replace(before, checked_in={**before.checked_in, user: case.at})
    return accept(case, before, after, Draft("appointment.checked_in"))


def decide_complete(case: Case[Complete], before: Appointment) -> Decision:
    """Close the appointment as completed."""
    return accept(case, before, replace(before, status=Status.COMPLETED), Draft("appointment.completed"))


def decide_no_show(case: Case[MarkNoShow], before: Appointment) -> Decision:
    """Close the appointment as a no-show."""
    return accept(case, before, replace(before, status=Status.NO_SHOW), Draft("appointment.no_show"))


RULES: Rules = {
    Cancel: Rule(decide_cancel, needs_of_closing),
    CheckIn: Rule(decide_check_in, needs_of_closing),
    Complete: Rule(decide_complete, needs_of_closing),
    MarkNoShow: Rule(decide_no_show, needs_of_closing),
}
