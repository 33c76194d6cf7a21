"""Everything a batch of commands needs to be decided; it changes as they are decided, one after the other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.booking.domain.model.appointment import Appointment, occupants
from services.booking.domain.model.calendar import Calendar, Entry
from services.booking.domain.model.diary import Diary
from services.booking.domain.model.feed import Feeds
from services.booking.domain.model.people import Actor, People, Person, belongs
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.model.times import Period

SOUGHT_AT_MOST = 100


class Changed(NamedTuple):
    """An appointment as it is saved (None: it is new) and as it is to be saved."""

    before: Appointment | None
    after: Appointment


class Sought(NamedTuple):
    """Whose time must be known around when, to find other times for a command that was refused."""

    users: tuple[UUID, ...]
    around: Period


class Book:
    """Appointments by id, people, and calendars around the ranges that the commands need.

    `people` are those whom Identity vouches for now; `last_told` also has those who are only needed by name, as
    Identity told of them some time ago. `announced`: when organizations last announced something, oldest first.
    `surrounded`: what else it knows, for the commands for which an earlier book noted that it is sought.
    """

    def __init__(
        self,
        appointments: Iterable[Appointment],
        people: People,
        last_told: People,
        occupied: Iterable[tuple[UUID, Entry]] = (),
        announced: Mapping[UUID, Sequence[datetime]] | None = None,
        diary: Diary | None = None,
        surrounded: Mapping[UUID, Sought] | None = None,
        series: Iterable[Series] = (),
        feeds: Feeds | None = None,
    ) -> None:
        self.diary = diary or Diary()
        self.feeds = feeds or Feeds()
        self.sought: dict[UUID, Sought] = {}
        self._surrounded = surrounded or {}
        self._now = {appointment.id: appointment for appointment in appointments}
        self._saved = dict(self._now)
        self._changed: dict[UUID, None] = {}
        self._calendars: dict[UUID, Calendar] = {}
        self._series = {one.id: one for one in series}
        self._changed_series: dict[UUID, None] = {}
        self.people = people
        self._last_told = last_told
        self._announced = dict(announced or {})
        self._announcing: dict[UUID, None] = {}
        for user, entry in occupied:
            self._calendars.setdefault(user, Calendar()).add(entry)

    def find(self, appointment_id: UUID) -> Appointment | None:
        """The appointment as it stands at this point of the batch, of whatever organization."""
        return self._now.get(appointment_id)

    def member(self, actor: Actor, organization: UUID) -> Person | None:
        """The person who acts, if they belong to the organization."""
        person = self.people.get(actor.user) if actor.user else None
        return person if belongs(person, organization) else None

    def named(self, ids: Iterable[UUID]) -> list[Person]:
        """These people by name, each once, in this order; whoever Identity never told of is left out."""
        found = (
            self.people.get(identifier) or self._last_told.get(identifier)
            for identifier in dict.fromkeys(ids)
        )
        return [person for person in found if person is not None]

    def overlapping(self, user: UUID, start: datetime, end: datetime) -> list[Entry]:
        """What already takes this person's time within `[start, end)`."""
        calendar = self._calendars.get(user)
        return calendar.overlapping(start, end) if calendar else []

    def surrounds(self, command_id: UUID, sought: Sought) -> bool:
        """Whether all of it is known; else it is noted, for so many commands as another look is worth.

        Of a command that is refused for several times only the first is looked at.
        """
        if self._surrounded.get(command_id) == sought:
            return True
        if len(self.sought) < SOUGHT_AT_MOST:
            self.sought.setdefault(command_id, sought)
        return False

    def put(self, appointment: Appointment) -> None:
        """Let a decision take effect for the commands that follow."""
        before = self._now.get(appointment.id)
        if before is not None:
            self.free(before)
        self.occupy(appointment)
        self._now[appointment.id] = appointment
        self._changed[appointment.id] = None

    def free(self, appointment: Appointment) -> None:
        """Take it out of the calendars."""
        for user, entry in _entries(appointment):
            self._calendars.setdefault(user, Calendar()).remove(entry)

    def occupy(self, appointment: Appointment) -> None:
        """Put it into the calendars."""
        for user, entry in _entries(appointment):
            self._calendars.setdefault(user, Calendar()).add(entry)

    def series(self, series_id: UUID) -> Series | None:
        """The series as it stands at this point of the batch, of whatever organization."""
        return self._series.get(series_id)

    def occurrences(self, series_id: UUID) -> list[Appointment]:
        """The open ones of a series among what is known, by the pattern's order."""
        found = [item for item in self._now.values() if item.series_id == series_id and item.is_open]
        return sorted(found, key=lambda item: item.original_start or item.start)

    def put_series(self, series: Series) -> None:
        """Let a decision about a series take effect."""
        self._series[series.id] = series
        self._changed_series[series.id] = None

    def take_series(self) -> list[Series]:
        """Series that changed since this was last called, to be saved."""
        taken = [self._series[identifier] for identifier in self._changed_series]
        self._changed_series.clear()
        return taken

    def announced(self, organization: UUID) -> Sequence[datetime]:
        """When this organization last announced something, oldest first."""
        return self._announced.get(organization, ())

    def announce(self, organization: UUID, at: datetime, kept: int) -> None:
        """Note that it announces something; the last `kept` times are remembered."""
        self._announced[organization] = [*self.announced(organization), at][-kept:]
        self._announcing[organization] = None

    def take_announced(self) -> dict[UUID, Sequence[datetime]]:
        """The memory of organizations that announced something since this was last called, to be saved."""
        taken = {organization: self._announced[organization] for organization in self._announcing}
        self._announcing.clear()
        return taken

    def take_changed(self) -> list[Changed]:
        """What changed since this was last called, to be saved; in the order in which it first changed."""
        changed = [
            Changed(self._saved.get(identifier), self._now[identifier]) for identifier in self._changed
        ]
        self._saved.update((change.after.id, change.after) for change in changed)
        self._changed.clear()
        return changed


def _entries(appointment: Appointment) -> Iterator[tuple[UUID, Entry]]:
    entry = Entry(appointment.start, appointment.end, appointment.id)
    return ((user, entry) for user in occupants(appointment))
