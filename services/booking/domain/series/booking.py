"""Booking many occurrences of a series as one decision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.booking.domain import access
from services.booking.domain.accept import created_event
from services.booking.domain.free_time.bookable import ignored, refusal_for_times
from services.booking.domain.free_time.enquiry import Enquiry
from services.booking.domain.model import times
from services.booking.domain.model.appointment import Appointment, occupants
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Command, Create, Scope
from services.booking.domain.model.decision import Accepted, AcceptedMany, Decision, Refusal
from services.booking.domain.model.diary import Hold
from services.booking.domain.model.recurring_series import (
    Series,
    as_sent,
    occurrence_id,
    occurrence_of,
    series_id_of,
)
from services.booking.domain.series.events import in_outcome, of_series, series_changed, with_more
from services.booking.domain.series.horizon import horizon
from services.booking.domain.series.recurring import Plan, lasting, plan_of
from services.booking.domain.series.refusals import InTheWay, refusal_for_series
from services.booking.domain.series.what_if import Trial


@dataclass(frozen=True, slots=True)
class Attempt:
    """The occurrences that can be booked, and those that cannot."""

    booked: tuple[Appointment, ...]
    in_the_way: tuple[InTheWay, ...]


def decide_create_series(case: Case[Create], template: Appointment, hold: Hold | None = None) -> Decision:
    """Book all occurrences or, if the command skips conflicts, the possible ones; `template` is the first as
    it was sent.

    Permission, length and people were checked: they are the same for all.
    """
    command = case.command
    first = times.Period(template.start, template.end)
    plan = plan_of(command, template.timezone, first, 1 + len(template.answers), case.at)
    if isinstance(plan, Refusal):
        return plan
    ignoring = ignored(command.ignore_availability, template.organizer_id)
    plan = plan.within(horizon(case, occupants(template), ignoring))
    series = _series(command, template, plan)
    attempt = attempted(case, series, plan.originals, hold.id if hold else None, first.start)
    if attempt.in_the_way and not (command.skip_conflicts and attempt.booked):
        return refusal_for_series(attempt.in_the_way, series.recurrence.timezone)
    return _settled(case, series, attempt, hold)


def _settled(case: Case[Create], series: Series, attempt: Attempt, hold: Hold | None) -> AcceptedMany:
    """Accept the series: the first occurrence booked gets the id that was sent, and uses up the hold."""
    named = replace(attempt.booked[0], id=case.command.appointment_id)
    steps = created(case, series, (named, *attempt.booked[1:]))
    if hold is not None:
        case.book.diary.end(hold)
        steps[0] = with_more(steps[0], hold_id=hold.id)
    return AcceptedMany(
        subject=named.id,
        appointment=named,
        steps=steps,
        happened=[series_changed(series, "created", Scope.ALL, steps, attempt.in_the_way)],
        outcome=in_outcome(series, steps, attempt.in_the_way),
        series=series,
    )


def _series(command: Create, template: Appointment, plan: Plan) -> Series:
    first = times.Period(template.start, template.end)
    duration, end_by = lasting(command, first)
    return Series(
        id=series_id_of(command.id),
        recurrence=plan.recurrence,
        template=replace(template, recurring_pattern=command.pattern.sent if command.pattern else None),
        duration=duration,
        end_by=end_by,
        ignores_availability=command.ignore_availability,
        booked_until=plan.until,
    )


def attempted(
    case: Case[Command],
    series: Series,
    originals: Iterable[datetime],
    hold: UUID | None = None,
    sent: datetime | None = None,
) -> Attempt:
    """Try to book each occurrence beside those before it; `sent` is the first start as it was sent."""
    booked: list[Appointment] = []
    in_the_way: list[InTheWay] = []
    ignoring = ignored(series.ignores_availability, series.template.organizer_id)
    with Trial(case.book) as trial:
        for position, original in enumerate(originals):
            identifier = occurrence_id(series.id, original)
            occurrence = occurrence_of(series, original, identifier, case.command.actor, case.at)
            if sent is not None:
                occurrence = _as_sent(occurrence, sent, series.recurrence.timezone)
            suggest = not in_the_way and _wants_alternatives(case.command, booked)
            when = times.Period(occurrence.start, occurrence.end)
            enquiry = Enquiry(occupants(occurrence), when, ignoring=ignoring, hold=hold, suggest=suggest)
            refusal = _refusal_for(case, occurrence, enquiry)
            if refusal:
                in_the_way.append(InTheWay(position, occurrence.start, original, refusal))
            else:
                trial.lay(occurrence)
                booked.append(occurrence)
    return Attempt(tuple(booked), tuple(in_the_way))


def _as_sent(occurrence: Appointment, sent: datetime, zone: str) -> Appointment:
    start = as_sent(occurrence.start, sent, zone)
    return replace(occurrence, start=start, end=occurrence.end + (start - occurrence.start))


def created(case: Case[Command], series: Series, occurrences: Iterable[Appointment]) -> list[Accepted]:
    """Return the steps that make these occurrences; all by one template, so of the same people."""
    event = created_event(case, (series.template.organizer_id, *series.template.answers))
    return [of_series(Accepted(occurrence, event), series) for occurrence in occurrences]


def _refusal_for(case: Case[Command], occurrence: Appointment, enquiry: Enquiry) -> Refusal | None:
    return (
        access.refusal_for_used_id(case, occurrence.id, "The id of this occurrence is already in use.")
        or times.refusal_for_distance(occurrence.start, case.at)
        or times.refusal_for_past(occurrence.start, case.at)
        or refusal_for_times(case, enquiry)
    )


def _wants_alternatives(command: Command, booked: Sequence[Appointment]) -> bool:
    """Whether the whole may be refused: alternatives cost a second look at the batch."""
    return isinstance(command, Create) and not (command.skip_conflicts and booked)
