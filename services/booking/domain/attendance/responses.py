"""Confirming and declining."""

from dataclasses import replace
from datetime import datetime

from services.booking.domain.accept import accept
from services.booking.domain.attendance.seats import filled, full, room_for, seated, with_answers
from services.booking.domain.free_time.bookable import refusal_for_times
from services.booking.domain.model.appointment import Answer, Appointment, Status
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Confirm, Decline
from services.booking.domain.model.decision import Accepted, Change, Decision
from services.booking.domain.model.times import Period


def decide_confirm(command: Confirm, before: Appointment, book: Book, at: datetime) -> Decision:
    """The organizer's yes confirms the whole, a participant's their own part; who had declined must be free.

    Who says yes may do so against their own availability: the time is not chosen by them.
    """
    user = command.actor.user
    if user is None or user == before.organizer_id:
        return _confirm_whole(command, before, book, at)
    if before.answers[user] is Answer.DECLINED:
        when = Period(before.start, before.end)
        refusal = refusal_for_times(
            command, book, (user,), when, own=before.id, at=at, ignoring=user, suggest=False
        )
        if refusal:
            return replace(refusal, appointment_id=before.id, version=before.version)
        if not room_for(before, user):
            return full(before)
    after = seated(before, user)
    event = event_for(before, after, "appointment.participant_confirmed")
    return accept(command, book, at, event, before, after)


def decide_decline(command: Decline, before: Appointment, book: Book, at: datetime) -> Decision:
    """The participant is free again, and who waits has the seat.

    The whole may be confirmed by it, when all the others had confirmed.
    """
    user = command.actor.user
    if user is None or before.answers[user] is Answer.DECLINED:
        return Accepted(before, None)
    declined = with_answers(before, {**before.answers, user: Answer.DECLINED})
    after, moved_up = filled(command, book, at, declined)
    event = event_for(before, after, "appointment.participant_declined")
    reason = [Change("reason", None, command.reason)] if command.reason else []
    return accept(command, book, at, event, before, after, reason, seated=moved_up)


def event_for(before: Appointment, after: Appointment, otherwise: str) -> str:
    """One event for one change: that the whole is confirmed now says more than who said so last, or took a seat."""
    confirmed = after.status is Status.CONFIRMED and before.status is not Status.CONFIRMED
    return "appointment.confirmed" if confirmed else otherwise


def _confirm_whole(command: Confirm, before: Appointment, book: Book, at: datetime) -> Accepted:
    if before.status is Status.CONFIRMED:
        return Accepted(before, None)
    after = replace(before, organizer_confirmed=True, status=Status.CONFIRMED)
    return accept(command, book, at, "appointment.confirmed", before, after)
