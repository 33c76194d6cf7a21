"""Telling all participants something, so often and no more."""

from datetime import datetime, timedelta

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.changes import next_version
from services.booking.domain.model.commands import Announce
from services.booking.domain.model.decision import Accepted, Code, Decision, Event, Refusal

ANNOUNCEMENTS_AN_HOUR = 60  # of an organization; each may go to 500 people on several channels
WITHIN = timedelta(hours=1)


def decide_announce(command: Announce, before: Appointment, book: Book, at: datetime) -> Decision:
    """A version of its own, although nothing but its number changes: each event has one."""
    recent = [announced for announced in book.announced(command.organization) if at - announced < WITHIN]
    if len(recent) >= ANNOUNCEMENTS_AN_HOUR:
        detail = f"An organization announces at most {ANNOUNCEMENTS_AN_HOUR} times an hour."
        return Refusal(Code.RATE_LIMITED, detail, appointment_id=before.id, version=before.version)
    people = book.named((before.organizer_id, *before.answers))
    event = Event("appointment.announced", (), people, {"announcement": command.message})
    return Accepted(next_version(before, command.actor, at), event)
