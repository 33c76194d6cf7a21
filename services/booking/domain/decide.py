"""One command against the book, and the rules and needs of every type of command.

The order of checks is the same for all: does the actor belong here; does the appointment exist for them; is
it at the version they saw; may they do this; can it be done from here; is the new state valid; are the people
known; is it in the future; is everybody free. The checks that reveal least to a stranger come first.
"""

from collections.abc import Iterable
from datetime import datetime

from services.booking.domain import access, announcing, closing, create, transitions, update
from services.booking.domain.attendance import joining, responses
from services.booking.domain.calendars import busy_times, feeds, holds, hours, subscriptions
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Command, ToAppointment, ToOccurrence
from services.booking.domain.model.decision import AcceptedMany, Decision, Refusal, complete
from services.booking.domain.model.needs import AllNeeds, Known, TimeNeeds, together
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.series import extending
from services.booking.domain.series.editing import decide_for_series
from services.booking.domain.series.scope import is_about_several

RULES: Rules = {
    **create.RULES,
    **update.RULES,
    **responses.RULES,
    **joining.RULES,
    **closing.RULES,
    **announcing.RULES,
    **extending.RULES,
    **hours.RULES,
    **busy_times.RULES,
    **holds.RULES,
    **feeds.RULES,
    **subscriptions.RULES,
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
