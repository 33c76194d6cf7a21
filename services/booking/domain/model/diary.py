"""What closes people's time beside their appointments: hours, holds, and what is elsewhere."""

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
    """One person's availability as it stands; `body` is its JSON without ids and version."""

    user_id: UUID
    organization_id: UUID
    version: int
    body: Mapping[str, Any]

    @cached_property
    def rules(self) -> Availability:
        """As the engine reads it."""
        return availability_of(self.body)


@dataclass(frozen=True, slots=True)
class Hold:
    """Time of some people that is kept free for `owner_id` until `expires_at`. All instants are UTC."""

    id: UUID
    organization_id: UUID
    owner_id: UUID
    user_ids: tuple[UUID, ...]
    start: datetime
    end: datetime
    expires_at: datetime

    def is_live(self, at: datetime) -> bool:
        """Whether it still keeps the time free."""
        return at < self.expires_at


@dataclass(slots=True)
class BusyTimes:
    """One person's time that is taken elsewhere, by the name of each range there; `version` 0: never told."""

    version: int = 0
    ranges: dict[str, Period] = field(default_factory=dict)


@dataclass(slots=True)
class DiaryChanges:
    """What changed in a diary, to be saved. `touched`: a person's organization, and their ranges elsewhere that are new, moved or gone."""

    hours: dict[UUID, Hours] = field(default_factory=dict)
    elsewhere: dict[UUID, BusyTimes] = field(default_factory=dict)
    touched: dict[UUID, tuple[UUID, set[str]]] = field(default_factory=dict)
    placed: dict[UUID, Hold] = field(default_factory=dict)
    ended: set[UUID] = field(default_factory=set)


class Diary:
    """Of the people of a batch, as far as the batch needs it; it changes as commands are decided.

    Ranges elsewhere are those around the times asked for; all of them for somebody who imports.
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
        """What this person said, if they said anything."""
        return self._hours.get(user)

    def elsewhere(self, user: UUID) -> BusyTimes | None:
        """What is known of this person's time elsewhere."""
        return self._elsewhere.get(user)

    def hold(self, identifier: UUID) -> Hold | None:
        """A hold, live or not."""
        return self._holds.get(identifier)

    def held(self, user: UUID, start: datetime, end: datetime, at: datetime) -> list[Hold]:
        """Live holds of this person's time that overlap `[start, end)`, whoever owns them."""
        return [
            hold
            for hold in self._held.get(user, {}).values()
            if hold.start < end and start < hold.end and hold.is_live(at)
        ]

    def owned(self, owner: UUID, at: datetime) -> int:
        """How many live holds somebody has."""
        return sum(hold.owner_id == owner and hold.is_live(at) for hold in self._holds.values())

    def set_hours(self, hours: Hours) -> None:
        """Replace what somebody said."""
        self._hours[hours.user_id] = hours
        self._changes.hours[hours.user_id] = hours

    def set_elsewhere(
        self, organization: UUID, user: UUID, elsewhere: BusyTimes, touched: Iterable[str]
    ) -> None:
        """Replace somebody's time elsewhere; `touched` names what is other than before."""
        self._elsewhere[user] = elsewhere
        self._changes.elsewhere[user] = elsewhere
        self._changes.touched.setdefault(user, (organization, set()))[1].update(touched)

    def place(self, hold: Hold) -> None:
        """Keep time free."""
        self._keep(hold)
        self._changes.placed[hold.id] = hold

    def end(self, hold: Hold) -> None:
        """A hold is used up or released."""
        del self._holds[hold.id]
        for user in hold.user_ids:
            del self._held[user][hold.id]
        if self._changes.placed.pop(hold.id, None) is None:
            self._changes.ended.add(hold.id)

    def take_noted(self) -> DiaryChanges | None:
        """What changed since this was last called, None for nothing."""
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
