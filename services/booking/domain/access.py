"""Permissions: who may see an appointment, and who may do what with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from services.booking.domain.model.appointment import Appointment, takes_part
from services.booking.domain.model.book import Book
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import (
    CheckIn,
    Command,
    Complete,
    Confirm,
    Decline,
    ExtendSeries,
    Join,
    Leave,
    MarkNoShow,
    NoteCalendarPoll,
    ToAppointment,
)
from services.booking.domain.model.decision import Code, Refusal, invalid
from services.booking.domain.model.people import Person, belongs

C = TypeVar("C", bound=Command)

# Reminders reports the end of appointments and polls of calendars, booking asks itself to extend series; other services send no
# commands.
REMINDERS, BOOKING = "service:reminders", "service:booking"
SERVICES_MAY: Mapping[str, tuple[type[Command], ...]] = {
    REMINDERS: (Complete, MarkNoShow, NoteCalendarPoll),
    BOOKING: (ExtendSeries,),
}
NOT_A_MEMBER = Refusal(Code.NOT_ALLOWED, "The actor is not an active person of this organization.")


def case_of(command: C, book: Book, at: datetime) -> Case[C] | Refusal:
    """Return the command's case, or a refusal if the actor may not send such a command at all.

    People act in their own organization only; a service sends nothing but the commands of `SERVICES_MAY`.
    """
    if command.actor.is_service:
        if isinstance(command, SERVICES_MAY.get(command.actor.text, ())):
            return Case(command, None, book, at)
        return Refusal(Code.NOT_ALLOWED, "This service may not send this command.")
    if isinstance(command, NoteCalendarPoll):
        return Refusal(Code.NOT_ALLOWED, "Only a service may do this.")
    member = book.people.get(command.actor.user) if command.actor.user else None
    return Case(command, member, book, at) if belongs(member, command.organization) else NOT_A_MEMBER


def refusal_for_organizer(member: Person, organizer: UUID) -> Refusal | None:
    """Reject a booking for another organizer, unless an admin makes it."""
    if organizer == member.id or member.is_admin:
        return None
    return Refusal(Code.NOT_ALLOWED, "Only an admin may book for another organizer.")


def may_see(case: Case[Command], appointment: Appointment) -> bool:
    """Whether the actor may learn details: participants, the waiting list, admins and our services may."""
    actor = case.command.actor
    involved = takes_part(appointment, actor.user) or actor.user in appointment.waiting
    return actor.is_service or involved or (case.member is not None and case.member.is_admin)


def is_open_to(case: Case[Command], appointment: Appointment) -> bool:
    """Whether an actor who may not see the appointment may still join it: any member, if it has seats."""
    return (
        isinstance(case.command, Join)
        and case.member is not None
        and appointment.is_open
        and appointment.seats is not None
    )


def may_act(case: Case[ToAppointment], appointment: Appointment) -> bool:
    """Whether an actor who sees the appointment may do this with it."""
    user = case.command.actor.user
    match case.command:
        case Confirm() | CheckIn():
            return takes_part(appointment, user)
        case Decline():
            return user in appointment.answers
        case Join():
            return user is not None
        case Leave():
            return user in appointment.answers or user in appointment.waiting
        case _:
            manages = user == appointment.organizer_id or (case.member is not None and case.member.is_admin)
            return manages or case.command.actor.is_service


def accessible(case: Case[ToAppointment]) -> Appointment | Refusal:
    """Return the appointment if it is visible, at the expected version, and the actor is permitted: in this
    order.

    An appointment of another organization, or hidden from the actor, gets the same refusal as one that does
    not exist.
    """
    command = case.command
    appointment = case.book.find(command.appointment_id)
    if (
        appointment is None
        or appointment.organization_id != command.organization
        or not (may_see(case, appointment) or is_open_to(case, appointment))
    ):
        return Refusal(Code.NOT_FOUND, "There is no such appointment.", appointment_id=command.appointment_id)
    if command.expected_version not in (None, appointment.version):
        detail = f"The appointment has version {appointment.version}, not {command.expected_version}."
        return _about(appointment, Code.VERSION_MISMATCH, detail)
    if not may_act(case, appointment):
        detail = "The actor may see this appointment, but may not send this command to it."
        return _about(appointment, Code.NOT_ALLOWED, detail)
    return appointment


def refusal_for_used_id(case: Case[Command], appointment_id: UUID, detail: str) -> Refusal | None:
    """Reject an id that any appointment has, without saying whose appointment it is."""
    return None if case.book.find(appointment_id) is None else invalid("appointment_id", "exists", detail)


def zone_of(timezone: str | None, organizer_id: UUID, book: Book) -> str:
    """Return the zone of wall-clock times: the one sent, else the organizer's; an unknown organizer is
    refused later.
    """
    organizer = book.people.get(organizer_id)
    return timezone or (organizer.timezone if organizer else "UTC")


def _about(appointment: Appointment, code: Code, detail: str) -> Refusal:
    return Refusal(code, detail, appointment_id=appointment.id, version=appointment.version)
