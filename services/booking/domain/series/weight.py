"""The work that commands about series make."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from uuid import UUID

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.commands import (
    Command,
    Create,
    ExtendSeries,
    Pattern,
    ToAppointment,
    ToOccurrence,
)
from services.booking.domain.model.recurring_series import OCCURRENCES_MAX
from services.booking.domain.series.scope import is_about_several

_COUNT = re.compile(r"COUNT=(\d{1,3})(?!\d)", re.IGNORECASE)


def places_touched(
    commands: Iterable[Command], found: Mapping[UUID, Appointment], sizes: Mapping[UUID, int]
) -> int:
    """Return people times occurrences of all commands with a scope, by how many occurrences each series has."""
    return sum(
        (1 + len(named.answers)) * sizes.get(named.series_id, 0)
        for command in commands
        if isinstance(command, ToOccurrence)
        and (named := found.get(command.appointment_id))
        and named.series_id
        and is_about_several(command, named)
    )


def whole_series(commands: Iterable[Command], found: Mapping[UUID, Appointment]) -> set[UUID]:
    """Return the series that commands with a scope are about as a whole."""
    whole = set()
    for command in commands:
        named = found.get(command.appointment_id) if isinstance(command, ToOccurrence) else None
        if (
            named
            and named.series_id
            and isinstance(command, ToOccurrence)
            and is_about_several(command, named)
        ):
            whole.add(named.series_id)
    return whole


def meet_in_a_series(
    commands: Sequence[Command],
    found: Mapping[UUID, Appointment],
    whole: Container[UUID],
    new: Container[UUID],
) -> bool:
    """Whether a command about a series as a whole is in a batch with another about the same series.

    The effect of the second on each occurrence depends on the first: it is known once the first is saved.
    `new`: occurrences that these commands make, by the ids that follow from their starts.
    """
    first = {one.appointment_id for one in commands if isinstance(one, Create) and one.pattern}
    seen: set[UUID] = set()
    for command in commands:
        if isinstance(command, ToAppointment) and (
            command.appointment_id in first or command.appointment_id in new
        ):
            return True
        about = _about(command, found)
        if about in seen:
            return True
        if about is not None and about in whole:
            seen.add(about)
    return False


def _about(command: Command, found: Mapping[UUID, Appointment]) -> UUID | None:
    """Return the existing series that a command is about, as a whole or in a part."""
    if isinstance(command, ExtendSeries):
        return command.series_id
    named = found.get(command.appointment_id) if isinstance(command, ToAppointment) else None
    return named.series_id if named else None


def occurrences_asked(pattern: Pattern | None) -> int:
    """Return the occurrences of a create: 1 without a pattern, the maximum where the pattern names no number."""
    if pattern is None:
        return 1
    if pattern.count is not None:
        return pattern.count
    named = _COUNT.search(pattern.rrule or "")
    return min(int(named[1]), OCCURRENCES_MAX) if named else OCCURRENCES_MAX
