"""One command against the book.

The order of checks is the same for all: does the actor belong here; does the appointment exist for them; is it at the
version they saw; may they do this; can it be done from here; is the new state valid; are the people known; is it in
the future; is everybody free. What is checked first is what tells a stranger least.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.booking.domain import access, transitions
from services.booking.domain.announcing import ANNOUNCEMENTS_AN_HOUR, decide_announce
from services.booking.domain.attendance.joining import decide_join, decide_leave
from services.booking.domain.attendance.responses import decide_confirm, decide_decline
from services.booking.domain.calendars.busy_times import decide_import
from services.booking.domain.calendars.feeds import decide_feed
from services.booking.domain.calendars.holds import decide_place, decide_release
from services.booking.domain.calendars.hours import decide_availability
from services.booking.domain.closing import decide_cancel, decide_check_in, decide_complete, decide_no_show
from services.booking.domain.create import decide_create
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import (
    Announce,
    Cancel,
    CheckIn,
    Command,
    Complete,
    Confirm,
    Create,
    Decline,
    ExtendSeries,
    ImportBusyTimes,
    Join,
    Leave,
    MarkNoShow,
    PlaceHold,
    ReleaseHold,
    SetAvailability,
    SetFeed,
    ToAppointment,
    ToOccurrence,
    Update,
)
from services.booking.domain.model.decision import Accepted, AcceptedMany, Decision, Refusal, complete
from services.booking.domain.series.editing import decide_for_series
from services.booking.domain.series.extending import decide_extend
from services.booking.domain.series.scope import is_about_several
from services.booking.domain.update import decide_update


def decide(command: Command, book: Book, at: datetime) -> Decision:
    """Decide one command at the instant `at` (UTC), and let an accepted one take effect in the book."""
    decision = complete(_decide(command, book, at))
    if isinstance(decision, AcceptedMany):
        _settle(decision, book)
    if isinstance(decision, Accepted) and decision.event is not None:
        book.put(decision.appointment)
        if isinstance(command, Announce):
            book.announce(command.organization, at, ANNOUNCEMENTS_AN_HOUR)
    return decision


def _settle(decision: AcceptedMany, book: Book) -> None:
    for step in decision.steps:
        book.put(step.appointment)
    if decision.series is not None:
        book.put_series(decision.series)


def _decide(command: Command, book: Book, at: datetime) -> Decision:
    refusal = access.refusal_for_actor(command, book)
    if refusal:
        return refusal
    match command:
        case Create():
            return decide_create(command, book, at)
        case ExtendSeries():
            return decide_extend(command, book, at)
        case ToAppointment():
            found = access.accessible(command, book)
            if isinstance(found, Refusal):
                return found
            if isinstance(command, ToOccurrence) and is_about_several(command, found):
                return decide_for_series(command, found, book, at, _step)
            return transitions.refusal_for(command, found, at) or _step(command, found, book, at)
        case _:
            return _beside(command, book, at)


def _beside(command: Command, book: Book, at: datetime) -> Decision:
    """What is about people's time, and about no appointment; it takes effect at once."""
    match command:
        case SetAvailability():
            return decide_availability(command, book)
        case ImportBusyTimes():
            return decide_import(command, book, at)
        case PlaceHold():
            return decide_place(command, book, at)
        case ReleaseHold():
            return decide_release(command, book, at)
        case SetFeed():
            return _set_feed(command, book)
        case _:
            raise TypeError(f"no rule for {type(command).__name__}")


def _set_feed(command: SetFeed, book: Book) -> Decision:
    member = book.member(command.actor, command.organization)
    return decide_feed(command, member, book.feeds) if member else access.NOT_A_MEMBER


def _step(command: ToAppointment, appointment: Appointment, book: Book, at: datetime) -> Decision:
    step = _STEPS.get(type(command))
    if step is None:
        raise TypeError(f"no rule for {type(command).__name__}")
    return step(command, appointment, book, at)


_STEPS: Mapping[type[ToAppointment], Callable[[Any, Appointment, Book, datetime], Decision]] = {
    Update: decide_update,
    Confirm: decide_confirm,
    Decline: decide_decline,
    Join: decide_join,
    Leave: decide_leave,
    Cancel: decide_cancel,
    CheckIn: decide_check_in,
    Complete: decide_complete,
    MarkNoShow: decide_no_show,
    Announce: decide_announce,
}
