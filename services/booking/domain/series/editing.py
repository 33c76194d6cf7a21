"""One command for several occurrences of a series: all of them, or nothing."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from services.booking.domain import access
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import (
    Cancel,
    Confirm,
    Decline,
    ToAppointment,
    ToOccurrence,
    Update,
)
from services.booking.domain.model.decision import Accepted, AcceptedMany, Code, Decision, Refusal
from services.booking.domain.model.recurring_series import Series, shifted
from services.booking.domain.series.events import in_outcome, of_series, series_changed
from services.booking.domain.series.limits import refusal_for_content, refusal_for_places
from services.booking.domain.series.refusals import InTheWay, first_of_all, refusal_for_series
from services.booking.domain.series.scope import Amount, amount_of, own_command, touched
from services.booking.domain.series.template import series_after
from services.booking.domain.series.what_if import Trial

Step: TypeAlias = Callable[[Case[ToAppointment], Appointment], Decision]


def decide_for_series(case: Case[ToOccurrence], named: Appointment, step: Step) -> Decision:
    """Decide for each touched occurrence as if the command were about it alone, while none is in another's
    way.

    `step` decides for one. The series template follows, so that occurrences still to be made look like these.
    """
    command, book = case.command, case.book
    series = book.series(named.series_id) if named.series_id else None
    if series is None:
        raise ValueError(f"appointment {named.id} is of an unknown series")
    amount = amount_of(command, named, series.recurrence.timezone)
    if isinstance(amount, Refusal):
        return _about(amount, named)
    occurrences = touched(
        command, named, book.occurrences(series.id), case.at, lambda one: access.may_act(case, one)
    )
    refusal = _refusal_for_size(command, occurrences)
    if refusal:
        return _about(refusal, named)
    results, ways = _each(case, named, occurrences, amount, series, step)
    if ways:
        return _about(first_of_all(ways) or refusal_for_series(ways, series.recurrence.timezone), named)
    return _settled(command, named, results, series, series_after(command, series, named, amount))


def _each(
    case: Case[ToOccurrence],
    named: Appointment,
    occurrences: list[Appointment],
    amount: Amount,
    series: Series,
    step: Step,
) -> tuple[list[Accepted], list[InTheWay]]:
    zone = series.recurrence.timezone
    results: list[Accepted] = []
    ways: list[InTheWay] = []
    with Trial(case.book, occurrences) as trial:
        for position, before in enumerate(occurrences):
            own = own_command(case.command, before, named, amount, zone)
            decision = step(case.of(own), before)
            if isinstance(decision, Accepted):
                trial.lay(decision.appointment)
                results.append(decision)
            elif isinstance(decision, Refusal):
                start = shifted(before.start, zone, amount.start)
                ways.append(InTheWay(position, start, before.original_start or before.start, decision))
            else:
                raise TypeError(f"{type(own).__name__} is about one appointment")
    return results, ways


def _settled(
    command: ToOccurrence, named: Appointment, results: Iterable[Accepted], before: Series, after: Series
) -> Decision:
    steps = [of_series(result, before) for result in results if result.event is not None]
    shown = next((step.appointment for step in steps if step.appointment.id == named.id), named)
    if not steps and after == before:
        if not named.is_open:
            return Refusal(
                Code.INVALID_TRANSITION,
                "The series has no occurrence left that can change.",
                appointment_id=named.id,
                version=named.version,
            )
        return AcceptedMany(subject=named.id, appointment=named, outcome=in_outcome(before, ()))
    series = replace(after, version=before.version + 1)
    return AcceptedMany(
        subject=named.id,
        appointment=shown,
        steps=steps,
        happened=[series_changed(series, _change(command, steps), command.scope, steps)],
        outcome=in_outcome(series, steps),
        series=series,
    )


def _change(command: ToOccurrence, steps: Iterable[Accepted]) -> str:
    match command:
        case Cancel():
            return "cancelled"
        case Confirm():
            return "confirmed"
        case Decline():
            return "declined"
        case _:
            types = {step.event.type for step in steps if step.event}
            return "rescheduled" if "appointment.rescheduled" in types else "updated"


def _refusal_for_size(command: ToOccurrence, occurrences: list[Appointment]) -> Refusal | None:
    if not isinstance(command, Update):
        return None
    people = 1 + len(command.participant_ids or ())
    return refusal_for_places(people, len(occurrences), "participant_ids") or refusal_for_content(
        list(command.content.values()), len(occurrences), "scope"
    )


def _about(refusal: Refusal, named: Appointment) -> Refusal:
    return replace(refusal, appointment_id=named.id, version=named.version)
