"""One command against the book, and the rules and needs of every type of command.

The order of checks is the same for all: does the actor belong here; does the appointment exist for them; is
it at the version they saw; may they do this; can it be done from here; is the new state valid; are the people
known; is it in the future; is everybody free. The checks that reveal least to a stranger come first.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.booking.domain import access, transitions
from services.booking.domain.announcing import decide_announce, needs_of_announcing
from services.booking.domain.attendance.joining import (
    decide_join,
    decide_leave,
    needs_of_seat,
    time_of_join,
    time_of_leave,
)
from services.booking.domain.attendance.responses import (
    decide_confirm,
    decide_decline,
    needs_of_answer,
    time_of_confirm,
    time_of_decline,
)
from services.booking.domain.calendars.busy_times import decide_import, needs_of_import
from services.booking.domain.calendars.feeds import decide_feed, needs_of_feed
from services.booking.domain.calendars.holds import (
    decide_place,
    decide_release,
    needs_of_place,
    needs_of_release,
    time_of_place,
)
from services.booking.domain.calendars.hours import decide_availability, needs_of_availability
from services.booking.domain.closing import (
    decide_cancel,
    decide_check_in,
    decide_complete,
    decide_no_show,
    needs_of_closing,
)
from services.booking.domain.create import decide_create, needs_of_create, time_of_create
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.case import Case
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
from services.booking.domain.model.decision import AcceptedMany, Decision, Refusal, complete
from services.booking.domain.model.needs import AllNeeds, Known, Needs, TimeNeeds, together
from services.booking.domain.series.editing import decide_for_series
from services.booking.domain.series.extending import decide_extend, needs_of_extending
from services.booking.domain.series.scope import is_about_several
from services.booking.domain.update import decide_update, needs_of_update, time_of_update


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one type of command, and its needs.

    decide: takes the case, and for a command to an appointment also the appointment. needs: the state to
    load, from the command alone. time: the people and periods to know, from the command and the state known
    by then.
    """

    decide: Callable[..., Decision]
    needs: Callable[[Any], Needs]
    time: Callable[[Any, Known], TimeNeeds | None] | None = None


RULES: Mapping[type[Command], Rule] = {
    Create: Rule(decide_create, needs_of_create, time_of_create),
    Update: Rule(decide_update, needs_of_update, time_of_update),
    Confirm: Rule(decide_confirm, needs_of_answer, time_of_confirm),
    Decline: Rule(decide_decline, needs_of_answer, time_of_decline),
    Join: Rule(decide_join, needs_of_seat, time_of_join),
    Leave: Rule(decide_leave, needs_of_seat, time_of_leave),
    Cancel: Rule(decide_cancel, needs_of_closing),
    CheckIn: Rule(decide_check_in, needs_of_closing),
    Complete: Rule(decide_complete, needs_of_closing),
    MarkNoShow: Rule(decide_no_show, needs_of_closing),
    Announce: Rule(decide_announce, needs_of_announcing),
    ExtendSeries: Rule(decide_extend, needs_of_extending),
    SetAvailability: Rule(decide_availability, needs_of_availability),
    ImportBusyTimes: Rule(decide_import, needs_of_import),
    PlaceHold: Rule(decide_place, needs_of_place, time_of_place),
    ReleaseHold: Rule(decide_release, needs_of_release),
    SetFeed: Rule(decide_feed, needs_of_feed),
}


def needs_of(commands: Iterable[Command]) -> AllNeeds:
    """Return the state that these commands need, as far as they state it by themselves."""
    return together(_rule(command).needs(command) for command in commands)


def time_needs_of(commands: Iterable[Command], known: Known) -> list[TimeNeeds]:
    """Return the time that these commands need to know, given the appointments and people that they are
    about.
    """
    found: list[TimeNeeds] = []
    for command in commands:
        time = _rule(command).time
        needs = time(command, known) if time else None
        if needs is not None:
            found.append(needs)
    return found


def decide(command: Command, book: Book, at: datetime) -> Decision:
    """Decide one command at the instant `at` (UTC), and let an accepted one take effect in the book."""
    case = access.case_of(command, book, at)
    decision = case if isinstance(case, Refusal) else complete(_decide(case))
    if isinstance(decision, Refusal):
        return decision
    steps = decision.steps if isinstance(decision, AcceptedMany) else (decision,)
    series = decision.series if isinstance(decision, AcceptedMany) else None
    book.take_effect((step.appointment for step in steps if step.event is not None), series)
    return decision


def _decide(case: Case[Command]) -> Decision:
    if not isinstance(case.command, ToAppointment):
        return _rule(case.command).decide(case)
    about = case.of(case.command)
    found = access.accessible(about)
    if isinstance(found, Refusal):
        return found
    if isinstance(case.command, ToOccurrence) and is_about_several(case.command, found):
        return decide_for_series(case.of(case.command), found, _step)
    return transitions.refusal_for(case.command, found, case.at) or _step(about, found)


def _step(case: Case[ToAppointment], appointment: Appointment) -> Decision:
    return _rule(case.command).decide(case, appointment)


def _rule(command: Command) -> Rule:
    rule = RULES.get(type(command))
    if rule is None:
        raise TypeError(f"no rule for {type(command).__name__}")
    return rule
