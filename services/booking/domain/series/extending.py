"""Booking what has come within reach of a series without an end."""

from dataclasses import replace
from datetime import datetime

from scheduling.recurrence import TooMany, starts
from services.booking.domain.free_time.bookable import ignored
from services.booking.domain.model.appointment import occupants
from services.booking.domain.model.book import Book
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import ExtendSeries, Scope
from services.booking.domain.model.decision import AcceptedMany, Code, Decision, Refusal
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.recurring_series import AHEAD, OCCURRENCES_MAX, Series, period_of
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.series.booking import attempted, created
from services.booking.domain.series.events import in_outcome, series_changed
from services.booking.domain.series.horizon import horizon
from services.booking.domain.series.limits import refusal_for_places


def needs_of_extending(command: ExtendSeries) -> Needs:
    """The series."""
    return Needs(series=(command.series_id,))


def decide_extend(case: Case[ExtendSeries]) -> Decision:
    """Book up to a year ahead, or up to the horizon of the series' people; occurrences in the way are skipped
    and reported.

    Without a new occurrence there is no event: the next night looks from the same place.
    """
    command, book, at = case.command, case.book, case.at
    if not command.actor.is_service:
        return Refusal(Code.NOT_ALLOWED, "Only the booking service may extend a series.")
    series = book.series(command.series_id)
    if series is None or series.template.organization_id != command.organization:
        return Refusal(Code.NOT_FOUND, "There is no such series.")
    until, originals = due(series, at)
    series = _without_those_who_left(series, book)
    near = _near(case, series, originals) if series else []
    if series is None or not near:
        return AcceptedMany(subject=command.series_id)
    until = until if near == originals else near[-1]
    attempt = attempted(case, series, near)
    steps = created(case, series, attempt.booked)
    after = replace(series, booked_until=until, version=series.version + 1)
    return AcceptedMany(
        subject=series.id,
        steps=steps,
        happened=[series_changed(after, "extended", Scope.ALL, steps, attempt.in_the_way)],
        outcome=in_outcome(after, steps, attempt.in_the_way),
        series=after,
    )


def _near(case: Case[ExtendSeries], series: Series, originals: list[datetime]) -> list[datetime]:
    """Return the occurrences that are within everybody's booking horizon by now."""
    template = series.template
    ignoring = ignored(series.ignores_availability, template.organizer_id)
    end = horizon(case, occupants(template), ignoring)
    if end is None:
        return originals
    return [original for original in originals if period_of(series, original)[0] <= end]


def due(series: Series, at: datetime) -> tuple[datetime, list[datetime]]:
    """Return the end of the reach, and the starts by the pattern up to it: as many as one command may book."""
    since, until = series.booked_until, at + AHEAD
    if since is None or series.ended or until <= since:
        return until, []
    while True:
        try:
            found = starts(series.recurrence, after=since, until=until, at_most=OCCURRENCES_MAX)
        except TooMany:
            found = None
        if found is not None and not refusal_for_places(1 + len(series.template.answers), len(found), ""):
            return until, found
        until = since + (until - since) / 2


def _without_those_who_left(series: Series, book: Book) -> Series | None:
    """Return the series without participants who left the organization, by Identity's last word; None if the
    organizer left.
    """
    template = series.template
    gone = {one.id for one in book.named((template.organizer_id, *template.answers)) if not one.active}
    if template.organizer_id in gone:
        return None
    if not gone:
        return series
    answers = {user: answer for user, answer in template.answers.items() if user not in gone}
    return replace(series, template=replace(template, answers=answers))


RULES: Rules = {ExtendSeries: Rule(decide_extend, needs_of_extending)}
