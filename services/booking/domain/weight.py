"""The work that a command makes, in places: one person's time in one appointment.

The true number is known only when the state is loaded. `weight_of` estimates it from the command alone;
`places_of_known` adds the people of its appointments.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.commands import (
    Command,
    Create,
    ExtendSeries,
    ImportBusyTimes,
    PlaceHold,
    RemoveBusyTimes,
    Scope,
    SetAvailability,
    ToAppointment,
    ToOccurrence,
    Update,
)
from services.booking.domain.model.decision import Refusal
from services.booking.domain.series.weight import occurrences_asked

# Places that one transaction of several commands holds: some tenths of a second. One command may ask for ten
# times so many, which takes some seconds.
PLACES_AT_ONCE = 2_000
A_YEAR_OF_WEEKS = (
    52  # occurrences that a command with a scope is taken to touch; the true number is known when loaded
)


def weight_of(command: Command | Refusal) -> int:
    """Return the places that a command may touch, by the command alone; at least 1, and 1 for a refusal."""
    match command:
        case Create():
            return (1 + len(command.participant_ids)) * occurrences_asked(command.pattern)
        case PlaceHold():
            return 1 + len(command.participant_ids)
        case ToOccurrence():
            return (1 + _named(command)) * (1 if command.scope is Scope.THIS else A_YEAR_OF_WEEKS)
        case ExtendSeries():
            return A_YEAR_OF_WEEKS
        case ImportBusyTimes():
            return 1 + len(command.busy_times) + len(command.removed)
        case RemoveBusyTimes():
            return PLACES_AT_ONCE  # how many ranges there are is known when they are loaded
        case SetAvailability():
            return 1 + len(command.body.get("overrides") or ())
        case _:
            return 1


def places_asked(commands: Iterable[Command]) -> int:
    """Return the weight of all these commands."""
    return sum(map(weight_of, commands))


def places_of_known(commands: Iterable[Command], found: Mapping[UUID, Appointment]) -> int:
    """Return the people of the appointments that commands are about, once for each command: its event names
    them all.
    """
    return sum(
        1 + len(appointment.answers) + len(appointment.waiting)
        for command in commands
        if isinstance(command, ToAppointment) and (appointment := found.get(command.appointment_id))
    )


def _named(command: ToOccurrence) -> int:
    return len(command.participant_ids or ()) if isinstance(command, Update) else 0
