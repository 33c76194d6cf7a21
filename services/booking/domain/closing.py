"""Cancelling, checking in, and what becomes of an appointment in the end."""

from dataclasses import replace
from datetime import datetime

from services.booking.domain.accept import accept
from services.booking.domain.model.appointment import Appointment, Status
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Cancel, CheckIn, Complete, MarkNoShow
from services.booking.domain.model.decision import Accepted, Decision


def decide_cancel(command: Cancel, before: Appointment, book: Book, at: datetime) -> Decision:
    """It will not take place; everybody is free."""
    after = replace(before, status=Status.CANCELLED, cancellation_reason=command.reason)
    return accept(command, book, at, "appointment.cancelled", before, after)


def decide_check_in(command: CheckIn, before: Appointment, book: Book, at: datetime) -> Decision:
    """The actor arrived; a second time changes nothing."""
    user = command.actor.user
    if user is None or user in before.checked_in:
        return Accepted(before, None)
    after = replace(before, checked_in={**before.checked_in, user: at})
    return accept(command, book, at, "appointment.checked_in", before, after)


def decide_complete(command: Complete, before: Appointment, book: Book, at: datetime) -> Decision:
    """It took place."""
    return accept(
        command, book, at, "appointment.completed", before, replace(before, status=Status.COMPLETED)
    )


def decide_no_show(command: MarkNoShow, before: Appointment, book: Book, at: datetime) -> Decision:
    """Nobody came."""
    return accept(command, book, at, "appointment.no_show", before, replace(before, status=Status.NO_SHOW))
