"""The effect of a command on a series, for its outcome and for `series.changed`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.commands import Scope
from services.booking.domain.model.decision import Accepted, DomainEvent, Event
from services.booking.domain.model.people import Person
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.series.refusals import InTheWay, code_of


def of_series(step: Accepted, series: Series) -> Accepted:
    """Return the step of one occurrence, whose event names the series, which has an event of its own."""
    return with_more(step, of_series=series.id)


def with_more(step: Accepted, **more: Any) -> Accepted:
    """Return the step with more fields in its event, if it has one."""
    if step.event is None:
        return step
    return replace(step, event=replace(step.event, more={**(step.event.more or {}), **more}))


def series_changed(
    series: Series, change: str, scope: Scope, steps: Sequence[Accepted], skipped: Sequence[InTheWay] = ()
) -> DomainEvent:
    """Return the event of the series, which comes after those of its occurrences."""
    first = steps[0] if steps else None
    events = [step.event for step in steps if step.event is not None]
    body = {
        "series_id": series.id,
        "version": series.version,
        "change": change,
        "scope": scope,
        "series": _state(series),
        "template": series,
        "appointment": first.appointment if first else None,
        "changes": first.event.changes if first and first.event else (),
        "occurrences": occurrences_of(step.appointment for step in steps),
        "skipped": skipped_of(skipped),
        "people": _people(events),
    }
    return DomainEvent("series.changed", series.id, body)


def in_outcome(series: Series, steps: Sequence[Accepted], skipped: Sequence[InTheWay] = ()) -> dict[str, Any]:
    """Return the fields of the outcome that are about a series."""
    return {
        "series_id": series.id,
        "occurrences": occurrences_of(step.appointment for step in steps),
        "skipped": skipped_of(skipped),
    }


def occurrences_of(appointments: Iterable[Appointment]) -> list[Mapping[str, Any]]:
    """Return occurrences by id, start by the pattern, and times."""
    return [
        {
            "appointment_id": appointment.id,
            "original_start_time": appointment.original_start,
            "start_time": appointment.start,
            "end_time": appointment.end,
        }
        for appointment in appointments
    ]


def skipped_of(left_out: Iterable[InTheWay]) -> list[Mapping[str, Any]]:
    """Return the occurrences that were not booked, each with its code."""
    return [{"original_start_time": way.original, "code": code_of(way.refusal)} for way in left_out]


def _state(series: Series) -> Mapping[str, Any]:
    recurrence, template = series.recurrence, series.template
    return {
        "id": series.id,
        "organization_id": template.organization_id,
        "organizer_id": template.organizer_id,
        "timezone": recurrence.timezone,
        "local_start": recurrence.local_start.isoformat(),
        "rrule": recurrence.rrule,
        "exdates": recurrence.exdates,
        "rdates": recurrence.rdates,
        "recurring_pattern": template.recurring_pattern,
        "booked_until": series.booked_until,
        "ended": series.ended,
        "version": series.version,
    }


def _people(events: Iterable[Event]) -> list[Person]:
    found = {person.id: person for event in events for person in event.people}
    return list(found.values())
