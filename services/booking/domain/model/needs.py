"""The state that a command needs to be decided: each type of command states it beside its rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.people import People
from services.booking.domain.model.times import Period


class Known(NamedTuple):
    """The state that is loaded before it is clear whose time a command is about."""

    appointments: Mapping[UUID, Appointment]
    people: People


class Needs(NamedTuple):
    """The state that one command needs by its own fields. Whoever acts is always looked up and needs no
    mention.

    people: named people, whom Identity must know. appointments, series, holds: ids. hold_owners: people whose
    live holds are counted. availability: people whose whole availability is needed, each with the distance
    that the policy to be set looks around an appointment. busy_times, feeds, subscriptions: people of whom all of
    it is needed. announcements: organizations whose latest announcements are counted.
    """

    people: tuple[UUID, ...] = ()
    appointments: tuple[UUID, ...] = ()
    holds: tuple[UUID, ...] = ()
    series: tuple[UUID, ...] = ()
    hold_owners: tuple[UUID, ...] = ()
    availability: tuple[tuple[UUID, timedelta], ...] = ()
    busy_times: tuple[UUID, ...] = ()
    feeds: tuple[UUID, ...] = ()
    subscriptions: tuple[UUID, ...] = ()
    announcements: tuple[UUID, ...] = ()


class TimeNeeds(NamedTuple):
    """The time that one command needs to know: of `users`, from each of `starts` to the `ends` that may
    belong to it.

    target: an appointment or a hold; all commands of a batch that are about the same one are looked at
    together, and its own times and waiting list are added. everybody: its organizer and participants are
    added, too. alone: this one range of the users is needed, and nothing of the target.
    """

    target: UUID
    users: frozenset[UUID] = frozenset()
    everybody: bool = False
    starts: frozenset[datetime] = frozenset()
    ends: frozenset[datetime] = frozenset()
    alone: Period | None = None


@dataclass(slots=True)
class AllNeeds:
    """The needs of several commands together; fields as in `Needs`."""

    people: set[UUID] = field(default_factory=set)
    appointments: set[UUID] = field(default_factory=set)
    series: set[UUID] = field(default_factory=set)
    holds: set[UUID] = field(default_factory=set)
    hold_owners: set[UUID] = field(default_factory=set)
    availability: dict[UUID, timedelta] = field(default_factory=dict)
    busy_times: set[UUID] = field(default_factory=set)
    feeds: set[UUID] = field(default_factory=set)
    subscriptions: set[UUID] = field(default_factory=set)
    announcements: set[UUID] = field(default_factory=set)


def together(needs: Iterable[Needs]) -> AllNeeds:
    """The needs of all commands of a batch."""
    found = AllNeeds()
    for one in needs:
        found.people.update(one.people)
        found.appointments.update(one.appointments)
        if one.holds:
            found.holds.update(one.holds)
        if any(one[_RARE:]):
            _add_rare(found, one)
    return found


_RARE = Needs._fields.index("series")  # most commands of a batch have none of these


def _add_rare(found: AllNeeds, one: Needs) -> None:
    found.series.update(one.series)
    found.hold_owners.update(one.hold_owners)
    found.busy_times.update(one.busy_times)
    found.feeds.update(one.feeds)
    found.subscriptions.update(one.subscriptions)
    found.announcements.update(one.announcements)
    for user, reach in one.availability:
        found.availability[user] = max(reach, found.availability.get(user, reach))
