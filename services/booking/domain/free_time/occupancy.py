"""Whose time a batch needs to look at, and whose time it takes and frees."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.booking.domain.model.appointment import Answer, Appointment, occupants
from services.booking.domain.model.book import Changed
from services.booking.domain.model.commands import (
    Command,
    Confirm,
    Create,
    Decline,
    Join,
    Leave,
    PlaceHold,
    Update,
)
from services.booking.domain.model.people import People
from services.booking.domain.model.times import LAST, LONGEST, Period, period

# Clocks on earth are at most this far from UTC (IANA: -12 to +14 hours).
FARTHEST_ZONE = timedelta(hours=14)


class Busy(NamedTuple):
    """One person's time `[start, end)`, UTC, in one appointment."""

    user_id: UUID
    start: datetime
    end: datetime
    appointment_id: UUID


@dataclass(slots=True)
class _Wish:
    """All that a batch says about one appointment: whom it may involve, where it may start and end.

    `everybody`: also those who are in it already; they need not be looked at where nothing but seats changes hands.
    """

    users: set[UUID] = field(default_factory=set)
    everybody: bool = False
    starts: set[datetime] = field(default_factory=set)
    ends: set[datetime] = field(default_factory=set)


def needed(
    commands: Iterable[Command], appointments: Mapping[UUID, Appointment], people: People
) -> set[tuple[UUID, Period]]:
    """Whose time, and when, must be known to decide these commands in their order.

    A batch may move one appointment several times and mix people and times of several commands, so everybody whom
    any of them names is looked at around every time that any of them names. Rather too much than too little.
    """
    wishes: dict[UUID, _Wish] = {}
    found: set[tuple[UUID, Period]] = set()
    for command in commands:
        if isinstance(command, Create | Update | PlaceHold):
            _note(wishes.setdefault(_target(command), _Wish()), command, people)
        elif isinstance(command, Join) and command.actor.user:
            wishes.setdefault(command.appointment_id, _Wish()).users.add(command.actor.user)
        elif isinstance(command, Leave | Decline):
            wishes.setdefault(command.appointment_id, _Wish())
        elif isinstance(command, Confirm) and (appointment := appointments.get(command.appointment_id)):
            user = command.actor.user
            if user and appointment.answers.get(user) is Answer.DECLINED:
                found.add((user, Period(appointment.start, appointment.end)))
    for identifier, wish in wishes.items():
        if (appointment := appointments.get(identifier)) is not None:
            wish.users.update(appointment.waiting)
            if wish.everybody:
                wish.users |= {appointment.organizer_id, *appointment.answers}
            wish.starts.add(appointment.start)
            wish.ends.add(appointment.end)
        found |= {(user, when) for when in _ranges(wish) for user in wish.users}
    return found


def freed_and_taken(changed: Sequence[Changed]) -> tuple[list[Busy], list[Busy]]:
    """What is no longer occupied after a batch, and what is now; what stays as it is is in neither."""
    freed: list[Busy] = []
    taken: list[Busy] = []
    for before, after in changed:
        now = _busy(after)
        if before is None:
            taken += now
        elif (then := _busy(before)) != now:
            old, new = set(then), set(now)
            freed += [busy for busy in then if busy not in new]
            taken += [busy for busy in now if busy not in old]
    return freed, taken


def _busy(appointment: Appointment) -> list[Busy]:
    start, end, identifier = appointment.start, appointment.end, appointment.id
    return [Busy(user, start, end, identifier) for user in occupants(appointment)]


def _target(command: Create | Update | PlaceHold) -> UUID:
    return command.hold_id if isinstance(command, PlaceHold) else command.appointment_id


def _note(wish: _Wish, command: Create | Update | PlaceHold, people: People) -> None:
    wish.everybody = True
    if command.participant_ids:
        wish.users.update(command.participant_ids)
    zone = command.timezone
    if isinstance(command, Create | PlaceHold):
        organizer = command.organizer_id or command.actor.user
        wish.users |= {organizer} if organizer else set()
        zone = zone or (people[organizer].timezone if organizer and organizer in people else None)
    if command.start and command.end and (zone or (command.start.tzinfo and command.end.tzinfo)):
        when = period(command.start, command.end, zone or "UTC", command.fold)
        if isinstance(when, Period):
            wish.starts.add(when.start)
            wish.ends.add(when.end)
        return
    wish.starts |= _roughly(command.start, -FARTHEST_ZONE)
    wish.ends |= _roughly(command.end, FARTHEST_ZONE)


def _roughly(value: datetime | None, margin: timedelta) -> set[datetime]:
    """The instant, or for wall-clock time of a zone that is not known yet the farthest that it can be."""
    if value is None:
        return set()
    try:
        return {value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC) + margin}
    except OverflowError:
        return set()


def _ranges(wish: _Wish) -> list[Period]:
    """From each start to the last end that could belong to it; one that lies within another is looked at once."""
    ends = sorted(wish.ends)
    longest = LONGEST + 2 * FARTHEST_ZONE
    found: list[Period] = []
    for start in sorted(wish.starts):
        if start > LAST:
            break
        at = bisect_right(ends, start + longest)
        if at and ends[at - 1] > start and not (found and found[-1].end == ends[at - 1]):
            found.append(Period(start, ends[at - 1]))
    return found
