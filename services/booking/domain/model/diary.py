"""The diary: availability, holds and busy times, which close people's time beside their appointments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from scheduling.availability import Availability, availability_of
from services.booking.domain.model.times import Period


@dataclass(frozen=True)
class Hours:
    """One person's current availability; `body` is its JSON without ids and version."""

    user_id: UUID
    organization_id: UUID
    version: int
    body: Mapping[str, Any]

    @cached_property
    def rules(self) -> Availability:
        """The availability as the scheduling engine reads it."""
        return availability_of(self.body)


@dataclass(frozen=True, slots=True)
class Hold:
    """Time of several people, kept free for `owner_id` until `expires_at`. All instants are UTC."""

    id: UUID
    organization_id: UUID
    owner_id: UUID
    user_ids: tuple[UUID, ...]
    start: datetime
    end: datetime
    expires_at: datetime

    def is_live(self, at: datetime) -> bool:
        """Whether the hold still keeps the time free."""
        return at < self.expires_at


@dataclass(slots=True)
class BusyTimes:
    """One person's busy times, by the uid of each range; `version` 0: none was ever imported.

    `sources` has the calendar that each range comes from; ranges that were imported without one have none.
    """

    version: int = 0
    ranges: dict[str, Period] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def source(self, uid: str) -> str:
        """Return the source of a range; empty: it has none."""
        return self.sources.get(uid, "")


@dataclass(slots=True)
class DiaryChanges:
    """Changes of a diary, to be saved.

    `touched` has a person's organization and the uids of their busy times that are new, moved or gone.
    """

    hours: dict[UUID, Hours] = field(default_factory=dict)
    elsewhere: dict[UUID, BusyTimes] = field(default_factory=dict)
    touched: dict[UUID, tuple[UUID, set[str]]] = field(default_factory=dict)
    placed: dict[UUID, Hold] = field(default_factory=dict)
    ended: set[UUID] = field(default_factory=set)


class Diary:
    """The diary of the people of a batch, as far as the batch needs it; it changes as commands are decided.

    Busy times are those around the times asked for; all of them for a person who imports some.
    """

    def __init__(
        self,
        hours: Iterable[Hours] = (),
        elsewhere: Mapping[UUID, BusyTimes] | None = None,
        holds: Iterable[Hold] = (),
    ) -> None:
        self._hours = {item.user_id: item for item in hours}
        self._elsewhere = dict(elsewhere or {})
        self._holds: dict[UUID, Hold] = {}
        self._held: dict[UUID, dict[UUID, Hold]] = {}
        self._noted: DiaryChanges | None = None
        for hold in holds:
            self._keep(hold)

    @property
    def has_holds(self) -> bool:
        """Whether any time is held at all."""
        return bool(self._holds)

    @property
    def has_limits(self) -> bool:
        """Whether anybody limits when they can be booked."""
        return bool(self._hours or self._elsewhere)

    def hours(self, user: UUID) -> Hours | None:
        """Return this person's availability, if they have set any."""
        return self._hours.get(user)

    def elsewhere(self, user: UUID) -> BusyTimes | None:
        """Return this person's busy times, if they have any."""
        return self._elsewhere.get(user)

    def busy(self, user: UUID, within: Period) -> list[Period]:
        """Return this person's busy times that overlap the period."""
        known = self._elsewhere.get(user)
        ranges = known.ranges.values() if known else ()
        return [when for when in ranges if when.start < within.end and within.start < when.end]

    def limits(self, user: UUID) -> bool:
        """Whether this person limits when they can be booked."""
        return user in self._hours or user in self._elsewhere

    def hold(self, identifier: UUID) -> Hold | None:
        """Return a hold, live or not."""
        return self._holds.get(identifier)

    def held(self, user: UUID, start: datetime, end: datetime, at: datetime) -> list[Hold]:
        """Return the live holds of this person's time that overlap `[start, end)`, of any owner."""
        return [
            hold
            for hold in self._held.get(user, {}).values()
            if hold.start < end and start < hold.end and hold.is_live(at)
        ]

    def owned(self, owner: UUID, at: datetime) -> list[Hold]:
        """Return the live holds that this person owns."""
        return [hold for hold in self._holds.values() if hold.owner_id == owner and hold.is_live(at)]

    def set_hours(self, hours: Hours) -> None:
        """Replace a person's availability."""
        self._hours[hours.user_id] = hours
        self._changes.hours[hours.user_id] = hours

    def set_elsewhere(
        self, organization: UUID, user: UUID, elsewhere: BusyTimes, touched: Iterable[str]
    ) -> None:
        """Replace a person's busy times; `touched` names the uids that differ from before."""
        self._elsewhere[user] = elsewhere
        self._changes.elsewhere[user] = elsewhere
        self._changes.touched.setdefault(user, (organization, set()))[1].update(touched)

    def place(self, hold: Hold) -> None:
        """Add a hold."""
        self._keep(hold)
        self._changes.placed[hold.id] = hold

    def end(self, hold: Hold) -> None:
        """Remove a hold that is used up or released."""
        del self._holds[hold.id]
        for user in hold.user_ids:
            del self._held[user][hold.id]
        if self._changes.placed.pop(hold.id, None) is None:
            self._changes.ended.add(hold.id)

    def take_noted(self) -> DiaryChanges | None:
        """Return the changes since the last call, None if there are none."""
        noted, self._noted = self._noted, None
        return noted

    @property
    def _changes(self) -> DiaryChanges:
        if self._noted is None:
            self._noted = DiaryChanges()
        return self._noted

    def _keep(self, hold: Hold) -> None:
        self._holds[hold.id] = hold
        for user in hold.user_ids:
            self._held.setdefault(user, {})[hold.id] = hold
