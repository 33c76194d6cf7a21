"""The book: everything a batch of commands needs to be decided. It changes as they are decided, one after the
other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.booking.domain.model.appointment import Appointment, occupants
from services.booking.domain.model.calendar import Calendar, Entry
from services.booking.domain.model.diary import Diary, DiaryChanges
from services.booking.domain.model.feed import Feed, Feeds
from services.booking.domain.model.people import People, Person
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.model.subscriptions import AllSubscriptions, Subscriptions
from services.booking.domain.model.times import Period

SOUGHT_AT_MOST = 100


class Changed(NamedTuple):
    """An appointment as it is saved (None: it is new) and as it is to be saved."""

    before: Appointment | None
    after: Appointment


class Announced(NamedTuple):
    """An announcement: when, and by whom; None where that is not known any more."""

    at: datetime
    by: UUID | None


class Sought(NamedTuple):
    """People and the period in which their time must be known, to find alternatives for a refused command."""

    users: tuple[UUID, ...]
    around: Period


@dataclass(frozen=True)
class Beside:
    """The state beside appointments and occupied time that was loaded for a batch.

    names: people as Identity last described them, for names in events only. announced: each organization's latest
    announcements, oldest first. surrounded: for commands that an earlier book noted as
    sought, the time that is loaded now.
    """

    names: People = field(default_factory=dict)
    announced: Mapping[UUID, Sequence[Announced]] = field(default_factory=dict)
    diary: Diary = field(default_factory=Diary)
    surrounded: Mapping[UUID, Sought] = field(default_factory=dict)
    series: Iterable[Series] = ()
    feeds: Feeds = field(default_factory=Feeds)
    subscriptions: AllSubscriptions = field(default_factory=AllSubscriptions)


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a book that are to be saved; appointments in the order in which they first changed."""

    appointments: Sequence[Changed] = ()
    series: Sequence[Series] = ()
    announced: Mapping[UUID, Sequence[Announced]] = field(default_factory=dict)
    diary: DiaryChanges | None = None
    feeds: Sequence[Feed] = ()
    subscriptions: Sequence[Subscriptions] = ()


class Book:
    """Appointments by id, people, and calendars around the ranges that the commands need.

    `people` are those whom Identity vouches for now; `occupied` is the time that saved appointments take.
    """

    def __init__(
        self,
        appointments: Iterable[Appointment],
        people: People,
        occupied: Iterable[tuple[UUID, Entry]] = (),
        beside: Beside | None = None,
    ) -> None:
        beside = beside or Beside()
        self.people = people
        self.diary = beside.diary
        self.feeds = beside.feeds
        self.subscriptions = beside.subscriptions
        self.sought: dict[UUID, Sought] = {}
        self._names = beside.names
        self._surrounded = beside.surrounded
        self._now = {appointment.id: appointment for appointment in appointments}
        self._saved = dict(self._now)
        self._changed: dict[UUID, None] = {}
        self._calendars: dict[UUID, Calendar] = {}
        self._series = {one.id: one for one in beside.series}
        self._changed_series: dict[UUID, None] = {}
        self._announced = dict(beside.announced)
        self._announcing: dict[UUID, None] = {}
        for user, entry in occupied:
            self._calendars.setdefault(user, Calendar()).add(entry)

    def find(self, appointment_id: UUID) -> Appointment | None:
        """Return the appointment as it stands at this point of the batch, of whatever organization."""
        return self._now.get(appointment_id)

    def named(self, ids: Iterable[UUID]) -> list[Person]:
        """Return these people, each once, in this order, without those whom Identity never described."""
        found = (
            self.people.get(identifier) or self._names.get(identifier) for identifier in dict.fromkeys(ids)
        )
        return [person for person in found if person is not None]

    def overlapping(self, user: UUID, start: datetime, end: datetime) -> list[Entry]:
        """Return the entries that take this person's time within `[start, end)`."""
        calendar = self._calendars.get(user)
        return calendar.overlapping(start, end) if calendar else []

    def surrounds(self, command_id: UUID, sought: Sought) -> bool:
        """Whether all of the time sought is known; else note that it is sought, for at most `SOUGHT_AT_MOST`
        commands.

        Of a command that is refused for several times only the first is looked at.
        """
        if self._surrounded.get(command_id) == sought:
            return True
        if len(self.sought) < SOUGHT_AT_MOST:
            self.sought.setdefault(command_id, sought)
        return False

    def take_effect(self, appointments: Iterable[Appointment], series: Series | None = None) -> None:
        """Let a decision about these appointments, and about a series, take effect for the commands that
        follow.
        """
        for appointment in appointments:
            self._put(appointment)
        if series is not None:
            self._series[series.id] = series
            self._changed_series[series.id] = None

    def _put(self, appointment: Appointment) -> None:
        before = self._now.get(appointment.id)
        if before is not None:
            self.free(before)
        self.occupy(appointment)
        self._now[appointment.id] = appointment
        self._changed[appointment.id] = None

    def free(self, appointment: Appointment) -> None:
        """Take an appointment out of the calendars."""
        for user, entry in _entries(appointment):
            self._calendars.setdefault(user, Calendar()).remove(entry)

    def occupy(self, appointment: Appointment) -> None:
        """Put an appointment into the calendars."""
        for user, entry in _entries(appointment):
            self._calendars.setdefault(user, Calendar()).add(entry)

    def series(self, series_id: UUID) -> Series | None:
        """Return the series as it stands at this point of the batch, of whatever organization."""
        return self._series.get(series_id)

    def occurrences(self, series_id: UUID) -> list[Appointment]:
        """Return the known open occurrences of a series, in the order of its pattern."""
        found = [item for item in self._now.values() if item.series_id == series_id and item.is_open]
        return sorted(found, key=lambda item: item.original_start or item.start)

    def announced(self, organization: UUID) -> Sequence[Announced]:
        """Return this organization's latest announcements, oldest first."""
        return self._announced.get(organization, ())

    def announce(self, organization: UUID, announced: Announced, kept: int) -> None:
        """Add an announcement; the last `kept` are remembered."""
        self._announced[organization] = [*self.announced(organization), announced][-kept:]
        self._announcing[organization] = None

    def take_changes(self) -> Changes:
        """Return all changes since the last call, to be saved."""
        changed = [
            Changed(self._saved.get(identifier), self._now[identifier]) for identifier in self._changed
        ]
        self._saved.update((change.after.id, change.after) for change in changed)
        series = [self._series[identifier] for identifier in self._changed_series]
        announced = {organization: self._announced[organization] for organization in self._announcing}
        for noted in (self._changed, self._changed_series, self._announcing):
            noted.clear()
        return Changes(
            changed,
            series,
            announced,
            self.diary.take_noted(),
            self.feeds.take_changed(),
            self.subscriptions.take_changed(),
        )


def _entries(appointment: Appointment) -> Iterator[tuple[UUID, Entry]]:
    entry = Entry(appointment.start, appointment.end, appointment.id)
    return ((user, entry) for user in occupants(appointment))
