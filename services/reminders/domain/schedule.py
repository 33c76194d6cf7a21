"""The newest version of an appointment, and its timers that have not fired."""

from dataclasses import dataclass

from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import Wishes
from services.reminders.domain.timers import Timers, replan


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is known of one appointment; version 0 with no timers: nothing yet."""

    version: int
    timers: Timers


UNKNOWN = Schedule(0, {})


def advance(known: Schedule, appointment: Appointment, wishes: Wishes) -> Schedule | None:
    """The schedule after a version; None if that version, or a newer one, is known.

    Versions may arrive swapped or with a gap: each carries the complete state, so the newest always decides.
    """
    if appointment.version <= known.version:
        return None
    return Schedule(appointment.version, replan(appointment, wishes, known.timers, appointment.told_at))
