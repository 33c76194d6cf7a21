"""Announcements: a message to all participants, limited to so many an hour."""

from datetime import timedelta

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.case import Case
from services.booking.domain.model.changes import next_version
from services.booking.domain.model.commands import Announce
from services.booking.domain.model.decision import Accepted, Code, Decision, Event, Refusal
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.rule import Rule, Rules

ANNOUNCEMENTS_AN_HOUR = 60  # of an organization; each may go to 500 people on several channels
WITHIN = timedelta(hours=1)


def needs_of_announcing(command: Announce) -> Needs:
    """The appointment, and the latest announcements of the organization."""
    return Needs(appointments=(command.appointment_id,), announcements=(command.organization,))


def decide_announce(case: Case[Announce], before: Appointment) -> Decision:
    """Announce something as a version of its own, although only its number changes: each event has one."""
    command, book = case.command, case.book
    recent = [announced for announced in book.announced(command.organization) if case.at - announced < WITHIN]
    if len(recent) >= ANNOUNCEMENTS_AN_HOUR:
        detail = f"An organization can send at most {ANNOUNCEMENTS_AN_HOUR} announcements an hour."
        return Refusal(Code.RATE_LIMITED, detail, appointment_id=before.id, version=before.version)
    people = book.named((before.organizer_id, *before.answers))
    event = Event("appointment.announced", (), people, {"announcement": command.message})
    book.announce(command.organization, case.at, ANNOUNCEMENTS_AN_HOUR)
    return Accepted(next_version(before, command.actor, case.at), event)


RULES: Rules = {Announce: Rule(decide_announce, needs_of_announcing)}
