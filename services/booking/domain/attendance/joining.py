"""Taking a seat by oneself, waiting for one, and giving it back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.booking.domain.accept import accept
from services.booking.domain.attendance.responses import event_for
from services.booking.domain.attendance.seats import WAITING_MAX, filled, full, has_seat, without
from services.booking.domain.free_time.bookable import ignored, refusal_for_times
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Join, Leave
from services.booking.domain.model.decision import Accepted, Code, Decision, Refusal, invalid
from services.booking.domain.model.times import Period


def decide_join(command: Join, before: Appointment, book: Book, at: datetime) -> Decision:
    """A seat for the actor; a place in the queue if they say so and there is none; else a refusal.

    Who waits comes first: a seat that none of them could take goes to the first of them who has time by now. To ask again
    changes nothing.
    """
    user = command.actor.user
    if user is None or has_seat(before.answers, user):
        return Accepted(before, None)
    waited = user in before.waiting
    refusal = None if waited else _refusal_for(command, before, book, at, user)
    if refusal:
        return replace(refusal, appointment_id=before.id, version=before.version)
    queued = before if waited else replace(before, waiting=(*before.waiting, user))
    after, moved_up = filled(command, book, at, queued)
    if user in after.waiting and not waited and (not command.wait or len(after.waiting) > WAITING_MAX):
        return full(before)
    event = "appointment.participant_joined" if moved_up else "appointment.participant_waiting"
    others = tuple(other for other in moved_up if other != user)
    accepted = accept(command, book, at, event_for(before, after, event), before, after, seated=others)
    return replace(accepted, outcome=_place(after, user))


def decide_leave(command: Leave, before: Appointment, book: Book, at: datetime) -> Decision:
    """The actor is not in it any more, nor waits; who waits and has time gets the seat in the same version."""
    user = command.actor.user
    if user is None:
        return Accepted(before, None)
    after, moved_up = filled(command, book, at, without(before, user))
    event = event_for(before, after, "appointment.participant_left")
    return accept(command, book, at, event, before, after, seated=moved_up)


def _refusal_for(command: Join, before: Appointment, book: Book, at: datetime, user: UUID) -> Refusal | None:
    if user == before.organizer_id:
        return invalid("", "organizer", "The organizer of an appointment takes part without a seat.")
    if before.seats is None:
        return Refusal(Code.NOT_ALLOWED, "Only who is invited takes part in this appointment.")
    when, mine = Period(before.start, before.end), ignored(command.ignore_availability, user)
    return refusal_for_times(command, book, (user,), when, own=before.id, at=at, ignoring=mine, suggest=False)


def _place(after: Appointment, user: UUID) -> Mapping[str, Any] | None:
    """Where in the queue this person stands, as the outcome tells it; None: they have a seat."""
    if user not in after.waiting:
        return None
    return {"waiting": {"status": "waiting", "position": after.waiting.index(user) + 1}}
