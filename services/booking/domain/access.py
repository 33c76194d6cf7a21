"""Who may know of an appointment, and who may do what with it."""

from collections.abc import Mapping
from uuid import UUID

from services.booking.domain.model.appointment import Appointment, takes_part
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import (
    CheckIn,
    Command,
    Complete,
    Confirm,
    Create,
    Decline,
    ExtendSeries,
    Join,
    Leave,
    MarkNoShow,
    PlaceHold,
    ToAppointment,
)
from services.booking.domain.model.decision import Code, Refusal
from services.booking.domain.model.people import Actor, Person

# Reminders waits for the end of appointments, booking itself for the nights; no other service has anything to ask.
REMINDERS, BOOKING = "service:reminders", "service:booking"
SERVICES_MAY: Mapping[str, tuple[type[Command], ...]] = {
    REMINDERS: (Complete, MarkNoShow),
    BOOKING: (ExtendSeries,),
}
NOT_A_MEMBER = Refusal(Code.NOT_ALLOWED, "The actor is not an active person of this organization.")


def refusal_for_actor(command: Command, book: Book) -> Refusal | None:
    """People act in their own organization only; reminders may close what is over, booking extend series, and services
    may nothing else.
    """
    if command.actor.is_service:
        if isinstance(command, SERVICES_MAY.get(command.actor.text, ())):
            return None
        return Refusal(Code.NOT_ALLOWED, "This service may not do this.")
    return None if book.member(command.actor, command.organization) else NOT_A_MEMBER


def refusal_for_organizer(member: Person, organizer: UUID) -> Refusal | None:
    """Only an admin books for somebody else."""
    if organizer == member.id or member.is_admin:
        return None
    return Refusal(Code.NOT_ALLOWED, "Only an admin may book for another organizer.")


def may_see(actor: Actor, member: Person | None, appointment: Appointment) -> bool:
    """Whether details may be told: to who takes part or waits for a seat, to admins, to our services."""
    involved = takes_part(appointment, actor.user) or actor.user in appointment.waiting
    return actor.is_service or involved or (member is not None and member.is_admin)


def is_open_to(command: Command, member: Person | None, appointment: Appointment) -> bool:
    """Whether somebody who may not see it may ask for a seat all the same: any member, while there are seats at all."""
    return (
        isinstance(command, Join)
        and member is not None
        and appointment.is_open
        and appointment.seats is not None
    )


def may_act(command: ToAppointment, member: Person | None, appointment: Appointment) -> bool:
    """Whether somebody who sees the appointment may do this with it."""
    user = command.actor.user
    match command:
        case Confirm():
            return takes_part(appointment, user)
        case Decline():
            return user in appointment.answers
        case CheckIn():
            return takes_part(appointment, user)
        case Join():
            return user is not None
        case Leave():
            return user in appointment.answers or user in appointment.waiting
        case _:
            manages = user == appointment.organizer_id or (member is not None and member.is_admin)
            return manages or command.actor.is_service


def accessible(command: ToAppointment, book: Book) -> Appointment | Refusal:
    """The appointment, if the command may go on: visible, at the expected version, permitted, in this order.

    What is of another organization or hidden from the actor answers like what does not exist.
    """
    member = book.member(command.actor, command.organization)
    appointment = book.find(command.appointment_id)
    if (
        appointment is None
        or appointment.organization_id != command.organization
        or not (may_see(command.actor, member, appointment) or is_open_to(command, member, appointment))
    ):
        return Refusal(Code.NOT_FOUND, "There is no such appointment.", appointment_id=command.appointment_id)
    if command.expected_version not in (None, appointment.version):
        detail = f"The appointment has version {appointment.version}, not {command.expected_version}."
        return _about(appointment, Code.VERSION_MISMATCH, detail)
    if not may_act(command, member, appointment):
        detail = "The actor may see this appointment, but not do this with it."
        return _about(appointment, Code.NOT_ALLOWED, detail)
    return appointment


def _about(appointment: Appointment, code: Code, detail: str) -> Refusal:
    return Refusal(code, detail, appointment_id=appointment.id, version=appointment.version)


def zone_of(command: Create | PlaceHold, organizer_id: UUID, book: Book) -> str:
    """The zone of the wall clock: as sent, else the organizer's; an unknown organizer is refused later."""
    organizer = book.people.get(organizer_id)
    return command.timezone or (organizer.timezone if organizer else "UTC")
