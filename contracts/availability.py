"""Availability: weekly hours, overrides, policies, and busy time from other calendars.

Wall-clock times hang in the person's zone; Monday is day 0; an end may be 24:00. Who says nothing is available
whenever free.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from contracts.fields import CommandBody, EventBody, Instant, Timezone

RULES_MAX = 200
OVERRIDES_MAX = 1_000
RANGES_MAX = 24
DAY_MINUTES = 1_440
YEAR_MINUTES = 527_040
HORIZON_DAYS_MAX = 1_827
BUSY_TIMES_MAX = 2_000
UID_MAX = 255
SOURCE_MAX = 255
TOTAL_MAX = 5_000

TimeOfDay = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
"""`HH:MM` on a wall clock; 24:00 is the midnight at the end of the day."""


def _storable(uid: str) -> str:
    if "\0" in uid:
        raise PydanticCustomError("control_character", "Control characters are not allowed")
    return uid


Uid = Annotated[str, Field(min_length=1, max_length=UID_MAX), AfterValidator(_storable)]
"""The identifier of an event in its calendar."""

Source = Annotated[str, Field(min_length=1, max_length=SOURCE_MAX), AfterValidator(_storable)]
"""The calendar that busy times come from, one of its owner's."""


class _Hours(CommandBody):
    """From start to end on one day."""

    start_time: TimeOfDay
    end_time: TimeOfDay

    @model_validator(mode="after")
    def _ends_after_start(self) -> "_Hours":
        if self.end_time <= self.start_time:
            raise PydanticCustomError("end_before_start", "The end must be after the start")
        return self


class Hours(_Hours):
    """One stretch of a day."""


class AvailabilityRule(_Hours):
    """Weekly hours; both dates are included, null is for ever. A night is two rules."""

    day_of_week: int = Field(ge=0, le=6, strict=True)
    is_active: bool = Field(True, strict=True)
    effective_from: date | None = None
    effective_until: date | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> "AvailabilityRule":
        if self.effective_from and self.effective_until and self.effective_until < self.effective_from:
            raise PydanticCustomError("end_before_start", "effective_until must not be before effective_from")
        return self


def _apart(ranges: Sequence[_Hours]) -> bool:
    ordered = sorted(ranges, key=lambda hours: hours.start_time)
    return all(one.end_time <= other.start_time for one, other in pairwise(ordered))


def _ranges_apart(ranges: list[Hours]) -> list[Hours]:
    if not _apart(ranges):
        raise PydanticCustomError("overlap", "The ranges of a day must not overlap")
    return ranges


class AvailabilityOverride(CommandBody):
    """Hours of one date instead of the weekly hours; without ranges the day is closed."""

    date: date
    ranges: Annotated[list[Hours], Field(max_length=RANGES_MAX), AfterValidator(_ranges_apart)]


class AvailabilityPolicy(CommandBody):
    """How a person may be booked. Minutes, days, appointments; null and absent: no limit of their own.

    Buffers keep time free around each appointment; the step spaces the free slots, from the start of each range.
    """

    buffer_before: int = Field(0, ge=0, le=DAY_MINUTES, strict=True)
    buffer_after: int = Field(0, ge=0, le=DAY_MINUTES, strict=True)
    minimum_notice: int = Field(0, ge=0, le=YEAR_MINUTES, strict=True)
    horizon_days: int | None = Field(None, ge=1, le=HORIZON_DAYS_MAX, strict=True)
    step: int = Field(15, ge=5, le=DAY_MINUTES, strict=True)
    min_duration: int | None = Field(None, ge=1, le=DAY_MINUTES, strict=True)
    max_duration: int | None = Field(None, ge=1, le=DAY_MINUTES, strict=True)
    max_per_day: int | None = Field(None, ge=1, le=DAY_MINUTES, strict=True)

    @model_validator(mode="after")
    def _durations_in_order(self) -> "AvailabilityPolicy":
        if self.min_duration and self.max_duration and self.max_duration < self.min_duration:
            raise PydanticCustomError("range", "max_duration must not be less than min_duration")
        return self


def _rules_apart(rules: list[AvailabilityRule]) -> list[AvailabilityRule]:
    for day in range(7):
        active = sorted(
            (rule for rule in rules if rule.is_active and rule.day_of_week == day),
            key=lambda rule: rule.start_time,
        )
        for position, rule in enumerate(active):
            _check_apart(rule, active[position + 1 :])
    return rules


def _check_apart(rule: AvailabilityRule, later: Iterable[AvailabilityRule]) -> None:
    for other in later:
        if other.start_time >= rule.end_time:
            return
        first = max(rule.effective_from or date.min, other.effective_from or date.min)
        last = min(rule.effective_until or date.max, other.effective_until or date.max)
        if first <= last:
            raise PydanticCustomError("overlap", "The hours of a day must not overlap")


def _dates_once(overrides: list[AvailabilityOverride]) -> list[AvailabilityOverride]:
    if len({override.date for override in overrides}) < len(overrides):
        raise PydanticCustomError("duplicate", "Each date has one override")
    return overrides


class SetAvailability(CommandBody):
    """Replace one person's availability: their own, or by an admin. Empty rules: whenever free."""

    user_id: UUID
    timezone: Timezone
    rules: Annotated[list[AvailabilityRule], Field(max_length=RULES_MAX), AfterValidator(_rules_apart)] = (
        Field(default_factory=list)
    )
    overrides: Annotated[
        list[AvailabilityOverride], Field(max_length=OVERRIDES_MAX), AfterValidator(_dates_once)
    ] = Field(default_factory=list)
    policy: AvailabilityPolicy = Field(default_factory=AvailabilityPolicy)


class Availability(EventBody):
    """One person's availability as it stands; `version` counts changes from 1."""

    user_id: UUID
    organization_id: UUID
    timezone: str
    rules: list[AvailabilityRule] = Field(default_factory=list)
    overrides: list[AvailabilityOverride] = Field(default_factory=list)
    policy: AvailabilityPolicy = Field(default_factory=AvailabilityPolicy)
    version: int = Field(ge=1)


class AvailabilityChanged(EventBody):
    """Body of `availability.changed`: all of it after the change."""

    user_id: UUID
    version: int = Field(ge=1)
    availability: Availability
    actor: str


class BusyTime(CommandBody):
    """A range that is taken elsewhere; `uid` names it in its calendar, one for each instance of a series."""

    uid: Uid
    start_time: Instant
    end_time: Instant

    @model_validator(mode="after")
    def _ends_after_start(self) -> "BusyTime":
        if self.end_time <= self.start_time:
            raise PydanticCustomError("end_before_start", "The end must be after the start")
        return self


class Stretch(CommandBody):
    """The uids after `after`, up to and with `until`, in the order of their code points; null: no bound.

    `total` counts the ranges of the whole calendar, of which these are a portion.
    """

    after: Uid | None = None
    until: Uid | None = None
    total: int = Field(strict=True, ge=0, le=TOTAL_MAX)


class ImportBusyTimes(CommandBody):
    """Replace the actor's time that is taken elsewhere, as far as it is named here; `removed` has uids to forget.

    `source` is the calendar that the ranges come from; a person's uids are unique over all sources. With
    `replaces`, ranges of the source whose uids are in that stretch and are not sent are forgotten, too: portions
    whose stretches cover all uids replace the calendar as a whole.
    """

    busy_times: list[BusyTime] = Field(default_factory=list, max_length=BUSY_TIMES_MAX)
    removed: list[Uid] = Field(default_factory=list, max_length=BUSY_TIMES_MAX)
    source: Source | None = None
    replaces: Stretch | None = None

    @model_validator(mode="after")
    def _replaces_a_source(self) -> "ImportBusyTimes":
        if self.replaces is not None and self.source is None:
            raise PydanticCustomError("no_source", "Only the times of a source can be replaced as a whole")
        return self


class RemoveBusyTimes(CommandBody):
    """Forget the actor's time that is taken elsewhere: of this source, or of every imported file.

    An empty source has the times that were imported without one. Times of subscribed calendars stay: they go with
    their subscription.
    """

    source: Annotated[str, Field(max_length=SOURCE_MAX), AfterValidator(_storable)] | None = None


class BusyTimesChanged(EventBody):
    """Body of `busy_times.changed`: ranges that are new or have moved, and uids that are gone.

    `version` counts a person's changes from 1. `source` is the calendar that the ranges come from; null: none was
    named.
    """

    user_id: UUID
    organization_id: UUID
    version: int = Field(ge=1)
    busy_times: list[BusyTime] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)
    source: str | None = None
    actor: str


AVAILABILITY_EVENT_TYPES: dict[str, str] = {
    "availability.changed": "A person's hours, exceptions or policy were replaced.",
}
BUSY_EVENT_TYPES: dict[str, str] = {
    "busy_times.changed": "A person's busy times changed.",
}


def as_json(availability: SetAvailability | Availability) -> dict[str, Any]:
    """Return plain JSON values, in the form of the command and of the events."""
    return availability.model_dump(mode="json")
