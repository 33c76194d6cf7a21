"""Scope: the occurrences that a command touches, and its own form for each of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.booking.domain.attendance.invitations import invitees
from services.booking.domain.model.appointment import Answers, Appointment
from services.booking.domain.model.commands import Scope, ToOccurrence, Update
from services.booking.domain.model.decision import Refusal, invalid
from services.booking.domain.model.recurring_series import shift_of, shifted
from services.booking.domain.model.times import Period, period

Permits = Callable[[Appointment], bool]


@dataclass(frozen=True, slots=True)
class Amount:
    """The wall-clock time of the series' zone by which start and end move."""

    start: timedelta = timedelta()
    end: timedelta = timedelta()

    @property
    def moves(self) -> bool:
        """Whether start or end moves."""
        return bool(self.start or self.end)


def is_about_several(command: ToOccurrence, named: Appointment) -> bool:
    """Whether the command may touch more than the named appointment; one that is no occurrence has no scope."""
    return command.scope is not Scope.THIS and named.series_id is not None


def touched(
    command: ToOccurrence,
    named: Appointment,
    occurrences: Iterable[Appointment],
    at: datetime,
    permits: Permits,
) -> list[Appointment]:
    """Return the open occurrences still to come; for the scope `following` only from the named one's place in
    the pattern.

    `permits` returns whether the actor may do this with one: a person invited to a part of a series responds
    for that.
    """
    first = named.original_start if command.scope is Scope.FOLLOWING else None
    return [
        occurrence
        for occurrence in occurrences
        if occurrence.start > at
        and (first is None or (occurrence.original_start is not None and occurrence.original_start >= first))
        and permits(occurrence)
    ]


def amount_of(command: ToOccurrence, named: Appointment, zone: str) -> Amount | Refusal:
    """Return the distance that the named occurrence moves, on the wall clock of the series' zone."""
    if not isinstance(command, Update) or (command.start is None and command.end is None):
        return Amount()
    when = period(
        command.start or named.start,
        command.end or named.end,
        command.timezone or named.timezone,
        command.fold,
    )
    if isinstance(when, Refusal):
        return when
    try:
        return Amount(shift_of(named.start, when.start, zone), shift_of(named.end, when.end, zone))
    except OverflowError:
        return invalid("start_time", "out_of_range", "This date is out of range.")


def own_command(
    command: ToOccurrence, occurrence: Appointment, named: Appointment, amount: Amount, zone: str
) -> ToOccurrence:
    """Return the command to this occurrence alone; for the named one it is the command that was sent."""
    own = replace(command, appointment_id=occurrence.id, expected_version=None, scope=Scope.THIS)
    if not isinstance(own, Update) or occurrence.id == named.id:
        return own
    when = Period(shifted(occurrence.start, zone, amount.start), shifted(occurrence.end, zone, amount.end))
    moves = amount.moves
    return replace(
        own,
        start=when.start if moves else None,
        end=when.end if moves else None,
        participant_ids=participants(own, occurrence.answers, named),
    )


def participants(command: Update, answers: Answers, named: Appointment) -> tuple[UUID, ...] | None:
    """Return the participants after the changes made to the named occurrence; None: nobody is added or
    removed.
    """
    if command.participant_ids is None:
        return None
    sent = invitees(command.participant_ids, named.organizer_id)
    added = [user for user in sent if user not in named.answers]
    removed = named.answers.keys() - set(sent)
    if not added and not removed:
        return None
    return tuple(dict.fromkeys((*(user for user in answers if user not in removed), *added)))
