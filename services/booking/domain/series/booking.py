"""Booking many occurrences of a series as one decision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.booking.domain.free_time.bookable import ignored, refusal_for_times
from services.booking.domain.model import times
from services.booking.domain.model.appointment import Appointment, occupants
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Command, Create, Scope
from services.booking.domain.model.decision import Accepted, AcceptedMany, Decision, Event, Refusal, invalid
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
from services.booking.domain.series.recurring import Plan, plan_of
from services.booking.domain.series.refusals import InTheWay, refusal_for_series
from services.booking.domain.series.what_if import Trial


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which occurrences can be booked, and which cannot."""

    booked: tuple[Appointment, ...]
    in_the_way: tuple[InTheWay, ...]


def decide_create_series(
    command: Create, template: Appointment, book: Book, at: datetime, hold: Hold | None = None
) -> Decision:
    """All occurrences or, where the command says so, those that are possible; `template` is the first as it was sent.

    Permission, length and people were checked: they are the same for all.
    """
    first = times.Period(template.start, template.end)
    plan = plan_of(command, template.timezone, first, 1 + len(template.answers), at)
    if isinstance(plan, Refusal):
        return plan
    ignoring = ignored(command.ignore_availability, template.organizer_id)
    plan = plan.within(horizon(book, occupants(template), ignoring, at))
    series = _series(command, template, plan)
    attempt = attempted(
        command, series, plan.originals, book, at, hold=hold.id if hold else None, sent=first.start
    )
    if attempt.in_the_way and not (command.skip_conflicts and attempt.booked):
        return refusal_for_series(attempt.in_the_way, series.recurrence.timezone)
    return _settled(command, series, attempt, book, hold)


def _settled(
    command: Create, series: Series, attempt: Attempt, book: Book, hold: Hold | None
) -> AcceptedMany:
    """The first that is booked has the id that was sent, and uses up the hold."""
    named = replace(attempt.booked[0], id=command.appointment_id)
    steps = created(series, (named, *attempt.booked[1:]), book)
    if hold is not None:
        book.diary.end(hold)
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
    return Series(
        id=series_id_of(command.id),
        recurrence=plan.recurrence,
        template=replace(template, recurring_pattern=command.pattern.sent if command.pattern else None),
        duration=template.end - template.start,
        ignores_availability=command.ignore_availability,
        booked_until=plan.until,
    )


def attempted(
    command: Command,
    series: Series,
    originals: Iterable[datetime],
    book: Book,
    at: datetime,
    hold: UUID | None = None,
    sent: datetime | None = None,
) -> Attempt:
    """Try to book each occurrence beside those before it; `sent`: the first start as it was asked for."""
    booked: list[Appointment] = []
    in_the_way: list[InTheWay] = []
    ignoring = ignored(series.ignores_availability, series.template.organizer_id)
    with Trial(book) as trial:
        for position, original in enumerate(originals):
            identifier = occurrence_id(series.id, original)
            occurrence = occurrence_of(series, original, identifier, command.actor, at)
            if sent is not None:
                occurrence = _as_sent(occurrence, sent, series.recurrence.timezone)
            suggest = not in_the_way and _wants_alternatives(command, booked)
            refusal = _refusal_for(command, occurrence, book, at, ignoring, hold, suggest)
            if refusal:
                in_the_way.append(InTheWay(position, occurrence.start, original, refusal))
            else:
                trial.lay(occurrence)
                booked.append(occurrence)
    return Attempt(tuple(booked), tuple(in_the_way))


def _as_sent(occurrence: Appointment, sent: datetime, zone: str) -> Appointment:
    start = as_sent(occurrence.start, sent, zone)
    return replace(occurrence, start=start, end=occurrence.end + (start - occurrence.start))


def created(series: Series, occurrences: Iterable[Appointment], book: Book) -> list[Accepted]:
    """The steps that make these occurrences; all by one template, so of the same people."""
    people = book.named((series.template.organizer_id, *series.template.answers))
    event = Event("appointment.created", (), people)
    return [of_series(Accepted(occurrence, event), series) for occurrence in occurrences]


def _refusal_for(
    command: Command,
    occurrence: Appointment,
    book: Book,
    at: datetime,
    ignoring: UUID | None,
    hold: UUID | None,
    suggest: bool,
) -> Refusal | None:
    if book.find(occurrence.id) is not None:
        return invalid("appointment_id", "exists", "The id of this occurrence is in use.")
    when = times.Period(occurrence.start, occurrence.end)
    return (
        times.refusal_for_distance(when.start, at)
        or times.refusal_for_past(when.start, at)
        or refusal_for_times(
            command,
            book,
            occupants(occurrence),
            when,
            own=None,
            at=at,
            ignoring=ignoring,
            hold=hold,
            suggest=suggest,
        )
    )


def _wants_alternatives(command: Command, booked: Sequence[Appointment]) -> bool:
    """Only where the whole may be refused: looking for them costs a second look at the batch."""
    return isinstance(command, Create) and not (command.skip_conflicts and booked)
