"""Timers after the end of an appointment: completion or no-show, and follow-ups to the participants."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import CHANNELS
from services.reminders.domain.timers import COMPLETION, FOLLOW_UP, NO_SHOW, Timer, timer_id

CONFIRMED, COMPLETED = "confirmed", "completed"


@dataclass(frozen=True, slots=True)
class Waits:
    """Waits from the end of an appointment to its no-show, and from its completion to the follow-up."""

    no_show: timedelta = timedelta(minutes=15)
    follow_up: timedelta = timedelta(minutes=1440)


@dataclass(frozen=True, slots=True)
class Course:
    """The course of an appointment in one version. `changed_at`: of this version, final once completed."""

    status: str
    arrived: frozenset[UUID]
    changed_at: datetime


def after_the_end(appointment: Appointment, course: Course, waits: Waits) -> Iterator[Timer]:
    """Yield the timers of this version beside its reminders, past or not.

    Booking closes confirmed appointments only, so others have no closing timer.
    """
    if course.status == CONFIRMED:
        yield _closing(appointment, course, waits)
    elif course.status == COMPLETED:
        due = course.changed_at + waits.follow_up
        for person in took_part(appointment, course):
            identity = timer_id(appointment.id, person, 0, course.changed_at, FOLLOW_UP)
            yield Timer(identity, appointment.id, person, 0, course.changed_at, due, CHANNELS, FOLLOW_UP)


def took_part(appointment: Appointment, course: Course) -> tuple[UUID, ...]:
    """Return the organizer and the checked-in participants; without check-ins, all that had not declined."""
    organizer, *others = appointment.recipients
    came = [person for person in others if person in course.arrived]
    return (organizer, *(came or others))


def _closing(appointment: Appointment, course: Course, waits: Waits) -> Timer:
    """Return the completion at the end if a participant checked in, else the no-show a while later."""
    kind, wait = (COMPLETION, timedelta()) if course.arrived else (NO_SHOW, waits.no_show)
    organizer = appointment.recipients[0]
    identity = timer_id(appointment.id, organizer, 0, appointment.end, kind)
    return Timer(identity, appointment.id, organizer, 0, appointment.end, appointment.end + wait, (), kind)
