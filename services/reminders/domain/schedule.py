"""The newest version of an appointment, and its timers that have not fired."""

from dataclasses import dataclass

from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import PreferencesInForce
from services.reminders.domain.endings import Course, Waits, after_the_end
from services.reminders.domain.timers import Timers, replan


@dataclass(frozen=True, slots=True)
class Schedule:
    """The known version of one appointment and its pending timers; version 0: not known."""

    version: int
    timers: Timers


UNKNOWN = Schedule(0, {})


def advance(
    known: Schedule, appointment: Appointment, course: Course, in_force: PreferencesInForce, waits: Waits
) -> Schedule | None:
    """Return the schedule after a version; None if that version, or a newer one, is known.

    Versions may arrive swapped or with a gap: each carries the complete state, so the newest always decides.
    """
    if appointment.version <= known.version:
        return None
    reminders = replan(appointment, in_force, known.timers, appointment.decided_at)
    afterwards = {timer.id: timer for timer in after_the_end(appointment, course, waits)}
    return Schedule(appointment.version, reminders | afterwards)
