"""The state that facts lead to, also where an event of an earlier version of booking does not carry it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.ids import uuid_of
from scheduling.recurrence import Recurrence
from services.booking.domain.model.appointment import Answer, Appointment, Status
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.model.status import open_status
from services.booking.messages.state import MICROSECOND, appointment_of
from services.booking.rebuild.facts import Body, OfAppointment, OfSeries, instant


def confirmed_after(before: bool, fact: OfAppointment) -> bool:
    """Whether the organizer has confirmed the whole, as the event says, else as follows from its state and `before`.

    Pending: no. Confirmed although not everybody answered: yes; so it is whenever the organizer has just confirmed. New
    times take it back, and everything else leaves it as it was.
    """
    if fact.confirmed is not None:
        return fact.confirmed
    answers = {uuid_of(user): Answer(answer) for user, answer in fact.state["confirmation_status"].items()}
    status = Status(fact.state["status"])
    if status is Status.PENDING:
        return False
    if status is Status.CONFIRMED and open_status(answers, organizer_confirmed=False) is Status.PENDING:
        return True
    return before and fact.type != "appointment.rescheduled"


def series_after(before: Series | None, fact: OfSeries) -> Series | None:
    """The series after this fact; None where neither it nor an earlier one says what its occurrences look like."""
    template = _template(fact)
    if template is None:
        known = before or _from_first(fact)
        return known and replace(known, **_moving(fact.series))
    kept = fact.template or {}
    return Series(
        id=fact.id,
        recurrence=_recurrence(fact.series),
        template=template,
        duration=kept["duration"] * MICROSECOND,
        start_by=kept["start_by"] * MICROSECOND,
        end_by=kept["end_by"] * MICROSECOND,
        ignores_availability=kept["ignores_availability"],
        **_moving(fact.series),
    )


def _template(fact: OfSeries) -> Appointment | None:
    if fact.template is None:
        return None
    return appointment_of(fact.template["appointment"], fact.template["organizer_confirmed"])


def _from_first(fact: OfSeries) -> Series | None:
    """As its first occurrence was booked."""
    if fact.first is None:
        return None
    first = appointment_of(fact.first, organizer_confirmed=False)
    return Series(
        id=fact.id,
        recurrence=_recurrence(fact.series),
        template=replace(first, series_id=None, original_start=None),
        duration=first.end - first.start,
    )


def _recurrence(series: Body) -> Recurrence:
    return Recurrence(
        local_start=datetime.fromisoformat(series["local_start"]),
        timezone=series["timezone"],
        rrule=series["rrule"],
        exdates=tuple(map(instant, series["exdates"])),
        rdates=tuple(map(instant, series["rdates"])),
    )


def _moving(series: Body) -> dict[str, Any]:
    until = series["booked_until"]
    return {
        "booked_until": instant(until) if until else None,
        "ended": series["ended"],
        "version": series["version"],
    }
