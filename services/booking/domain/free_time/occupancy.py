"""Occupancy: the time that a batch must look at, and the time that it takes and frees."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.booking.domain.model.appointment import Appointment, occupants
from services.booking.domain.model.book import Changed
from services.booking.domain.model.commands import Create, PlaceHold, Update
from services.booking.domain.model.needs import TimeNeeds
from services.booking.domain.model.people import People
from services.booking.domain.model.times import LAST, LONGEST_DAY, Period, period

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
    """All time that the commands of a batch need around one appointment or hold.

    everybody: also its organizer and participants, who need not be looked at where nothing but seats changes
    hands.
    """

    users: set[UUID] = field(default_factory=set)
    everybody: bool = False
    starts: set[datetime] = field(default_factory=set)
    ends: set[datetime] = field(default_factory=set)

    def add(self, needs: TimeNeeds) -> None:
        """Add the time that one command needs."""
        self.users |= needs.users
        self.everybody |= needs.everybody
        self.starts |= needs.starts
        self.ends |= needs.ends


def needed(needs: Iterable[TimeNeeds], appointments: Mapping[UUID, Appointment]) -> set[tuple[UUID, Period]]:
    """Return people with the periods in which their time must be known, to decide a batch of commands in
    order.

    A batch may move one appointment several times and mix people and times of several commands, so everybody
    whom any of them names is looked at around every time that any of them names. Rather too much than too
    little.
    """
    enquiries: dict[UUID, _Wish] = {}
    found: set[tuple[UUID, Period]] = set()
    for one in needs:
        if one.alone is not None:
            found |= {(user, one.alone) for user in one.users}
        else:
            enquiries.setdefault(one.target, _Wish()).add(one)
    for identifier, enquiry in enquiries.items():
        if (appointment := appointments.get(identifier)) is not None:
            enquiry.users.update(appointment.waiting)
            if enquiry.everybody:
                enquiry.users |= {appointment.organizer_id, *appointment.answers}
            enquiry.starts.add(appointment.start)
            enquiry.ends.add(appointment.end)
        found |= {(user, when) for when in _ranges(enquiry) for user in enquiry.users}
    return found


def time_to_book(command: Create | Update | PlaceHold, target: UUID, people: People) -> TimeNeeds:
    """Return the time that a command with times needs: of everybody whom it names, and whom its target names."""
    users = set(command.participant_ids or ())
    zone = command.timezone
    if isinstance(command, Create | PlaceHold):
        organizer = command.organizer_id or command.actor.user
        users |= {organizer} if organizer else set()
        zone = zone or (people[organizer].timezone if organizer and organizer in people else None)
    starts, ends = _times(command, zone)
    return TimeNeeds(target, frozenset(users), True, starts, ends)


def freed_and_taken(changed: Sequence[Changed]) -> tuple[list[Busy], list[Busy]]:
    """Return the occupancy that a batch frees, and that it takes; unchanged occupancy is in neither."""
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


def _times(
    command: Create | Update | PlaceHold, zone: str | None
) -> tuple[frozenset[datetime], frozenset[datetime]]:
    """Return the starts and ends that the times sent may mean; none for times that will be refused anyway."""
    if command.start and command.end and (zone or (command.start.tzinfo and command.end.tzinfo)):
        when = period(command.start, command.end, zone or "UTC", command.fold)
        if isinstance(when, Period):
            return frozenset((when.start,)), frozenset((when.end,))
        return frozenset(), frozenset()
    return _roughly(command.start, -FARTHEST_ZONE), _roughly(command.end, FARTHEST_ZONE)


def _roughly(value: datetime | None, margin: timedelta) -> frozenset[datetime]:
    """Return the instant, or the farthest that it can be for wall-clock time whose zone is not known yet."""
    if value is None:
        return frozenset()
    try:
        return frozenset((value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC) + margin,))
    except OverflowError:
        return frozenset()


def _ranges(enquiry: _Wish) -> list[Period]:
    """Return a period from each start to the last end that may belong to it, without those that lie within
    another.
    """
    ends = sorted(enquiry.ends)
    longest = LONGEST_DAY + 2 * FARTHEST_ZONE
    found: list[Period] = []
    for start in sorted(enquiry.starts):
        if start > LAST:
            break
        at = bisect_right(ends, start + longest)
        if at and ends[at - 1] > start and not (found and found[-1].end == ends[at - 1]):
            found.append(Period(start, ends[at - 1]))
    return found
