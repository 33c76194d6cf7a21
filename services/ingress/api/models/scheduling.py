"""Availability, free slots, holds, feeds and imports as the API answers them."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.availability import AvailabilityOverride, AvailabilityPolicy, AvailabilityRule
from contracts.fields import Instant
from services.ingress.api.models.base import Answered


class FreeSlot(Answered):
    """A start that can be booked, for these people."""

    start_time: Instant
    end_time: Instant
    user_ids: list[UUID]


class FreeSlots(Answered):
    """Free slots, ordered by start."""

    slots: list[FreeSlot]


class Obstacle(Answered):
    """A reason why a time is not offered; `code` is stable, for programs."""

    code: str
    detail: str


class SlotExplanation(Answered):
    """Whether a time is offered, and all that is in the way if not."""

    offered: bool
    reasons: list[Obstacle]


class AvailabilityRead(Answered):
    """A person's availability; `version` 0: they never set it, and are available whenever free."""

    user_id: UUID
    timezone: str
    rules: list[AvailabilityRule]
    overrides: list[AvailabilityOverride]
    policy: AvailabilityPolicy
    version: int = Field(ge=0)


class FreeTimes(Answered):
    """Starts that can be booked; `all`: for all of these people together, else for one of them."""

    duration: int = Field(description="Minutes.")
    users: list[UUID]
    starts: list[Instant]
    all: bool


class FreeDay(Answered):
    """How many starts of a local day can be booked, and the first and the last of them."""

    date: date
    free: int = Field(ge=0)
    first: Instant | None
    last: Instant | None


class FreeDays(Answered):
    """Every day of the range."""

    days: list[FreeDay]
    timezone: str


class HoldState(Answered):
    """Time that is kept free until `expires_at`."""

    id: UUID
    expires_at: Instant
    start_time: Instant
    end_time: Instant
    user_ids: list[UUID]


class HoldRead(HoldState):
    """A hold, with the clock of the server."""

    now: Instant


class Holds(Answered):
    """Live holds, the one that ends first is first."""

    items: list[HoldState]
    now: Instant


class FeedAddress(Answered):
    """The secret address of a calendar."""

    url: str


class ComponentCounts(Answered):
    """How many components stand in a calendar file, time zones not counted; the three fates add up to `total`."""

    total: int = Field(ge=0)
    booked: int = Field(ge=0)
    skipped: int = Field(ge=0)
    failed: int = Field(ge=0)


class NotedComponent(Answered):
    """A component of a calendar file that stands otherwise than it says: its place, and the reason by a stable code."""

    place: str
    kind: str
    uid: str
    code: str
    detail: str


class LeftOutComponent(NotedComponent):
    """A component that was not booked: skipped on purpose, or failed because it could not be read."""

    outcome: Literal["skipped", "failed"]


class Imported(Answered):
    """An import: `imported` times are new or have moved; all components of the file by what became of them.

    `skipped` counts known times and components that are not booked. `notes` names what was booked otherwise than the file
    says, such as a time in a zone that had to be guessed.

    `source` is the calendar that the file replaced, empty if it only added to others; `removed` counts the times
    of that calendar that are gone.
    """

    imported: int = Field(ge=0)
    skipped: int = Field(ge=0)
    components: ComponentCounts
    left_out: list[LeftOutComponent]
    notes: list[NotedComponent]
    source: str
    removed: int = Field(ge=0)


class BusySource(Answered):
    """A calendar that busy times come from, with its times that are not over; empty: none was named."""

    source: str
    times: int = Field(ge=1)
    first_start: Instant
    last_end: Instant


class BusySources(Answered):
    """The calendars that a person's busy times come from, by name."""

    sources: list[BusySource]


class BusyTimeRead(Answered):
    """A time that is taken in another calendar."""

    source: str
    start_time: Instant
    end_time: Instant


class BusyTimesRead(Answered):
    """Times that are taken in other calendars, by their start."""

    items: list[BusyTimeRead]


class SubscriptionRead(Answered):
    """A subscribed calendar and its polls; the address is a secret, and answered never again.

    `error` is the code of the last poll, `failing_since` when polls began to fail; the times of the last success stay.
    """

    id: UUID
    name: str
    timezone: str
    created_at: Instant
    checked_at: Instant | None
    succeeded_at: Instant | None
    error: str | None
    failing_since: Instant | None
    times: int = Field(ge=0)


class SubscriptionsRead(Answered):
    """The calendars that a person subscribes to."""

    items: list[SubscriptionRead]


class Removed(Answered):
    """How many times are gone."""

    removed: int = Field(ge=0)
