"""The steps that an appointment can take next, and the times at which it can."""

from datetime import datetime

from scheduling.check_in import CHECK_IN_EARLIEST, arrived
from services.booking.domain.model.appointment import Appointment, Status
from services.booking.domain.model.commands import CheckIn, Complete, Join, MarkNoShow, ToAppointment
from services.booking.domain.model.decision import Code, Refusal


def refusal_for(command: ToAppointment, appointment: Appointment, at: datetime) -> Refusal | None:
    """Reject a step that cannot be taken from this state at this time."""
    reason = _reason(command, appointment, at)
    if reason is None:
        return None
    return Refusal(
        Code.INVALID_TRANSITION, reason, appointment_id=appointment.id, version=appointment.version
    )


def _reason(command: ToAppointment, appointment: Appointment, at: datetime) -> str | None:
    if not appointment.is_open:
        return f"The appointment is {appointment.status.replace('_', ' ')}, which is final."
    match command:
        case Complete() | MarkNoShow():
            return _reason_against_closing(command, appointment, at)
        case CheckIn():
            return _reason_against_check_in(appointment, at)
        case Join():
            return "The appointment has begun." if at >= appointment.start else None
        case _:
            return None


def _reason_against_closing(
    command: Complete | MarkNoShow, appointment: Appointment, at: datetime
) -> str | None:
    """Reject closing an unconfirmed appointment, completing it before its start, or a no-show before its end."""
    if appointment.status is not Status.CONFIRMED:
        return "The appointment is not confirmed."
    if isinstance(command, Complete) and at < appointment.start:
        return "The appointment has not started yet."
    if isinstance(command, MarkNoShow) and at < appointment.end:
        return "The appointment is not over yet."
    return _reason_against_service(command, appointment, at) if command.actor.is_service else None


def _reason_against_service(
    command: Complete | MarkNoShow, appointment: Appointment, at: datetime
) -> str | None:
    """Reject a service that contradicts the check-ins: unlike a person, it knows nothing else."""
    came = arrived(appointment.checked_in, appointment.start)
    if isinstance(command, MarkNoShow):
        return "Somebody has checked in." if came else None
    if at < appointment.end:
        return "The appointment is not over yet."
    return None if came else "Nobody has checked in."


def _reason_against_check_in(appointment: Appointment, at: datetime) -> str | None:
    if at < appointment.start - CHECK_IN_EARLIEST:
        return "Check-in opens 30 minutes before the start."
    if at > appointment.end:
        return "The appointment is over."
    return None
