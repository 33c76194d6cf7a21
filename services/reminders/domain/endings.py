"""What follows the end of an appointment: it is completed, or nobody came; and whoever took part hears once more."""

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
    """How long after the end nobody is expected any more, and how long after completion a follow-up is due."""

    no_show: timedelta = timedelta(minutes=15)
    follow_up: timedelta = timedelta(minutes=1440)


@dataclass(frozen=True, slots=True)
class Course:
    """How one version of an appointment went. `changed_at`: when it became so, which is for good once it is completed."""

    status: str
    arrived: frozenset[UUID]
    changed_at: datetime


def after_the_end(appointment: Appointment, course: Course, waits: Waits) -> Iterator[Timer]:
    """The timers that this version asks for beside its reminders, past or not.

    Booking closes only what was confirmed, so nothing is asked about the rest.
    """
    if course.status == CONFIRMED:
        yield _closing(appointment, course, waits)
    elif course.status == COMPLETED:
        due = course.changed_at + waits.follow_up
        for person in took_part(appointment, course):
            identity = timer_id(appointment.id, person, 0, course.changed_at, FOLLOW_UP)
            yield Timer(identity, appointment.id, person, 0, course.changed_at, due, CHANNELS, FOLLOW_UP)


def took_part(appointment: Appointment, course: Course) -> tuple[UUID, ...]:
    """The organizer and whoever checked in; where none of the participants did, all who had not declined."""
    organizer, *others = appointment.recipients
    came = [person for person in others if person in course.arrived]
    return (organizer, *(came or others))


def _closing(appointment: Appointment, course: Course, waits: Waits) -> Timer:
    """At the end the appointment is completed if anybody came; if not, a while later nobody will."""
    kind, wait = (COMPLETION, timedelta()) if course.arrived else (NO_SHOW, waits.no_show)
    organizer = appointment.recipients[0]
    identity = timer_id(appointment.id, organizer, 0, appointment.end, kind)
    return Timer(identity, appointment.id, organizer, 0, appointment.end, appointment.end + wait, (), kind)
