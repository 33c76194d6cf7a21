"""Recurring appointments: the pattern, and the events about a series as a whole."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from contracts.appointments import Appointment, Change, Person
from contracts.fields import CommandBody, EventBody, Instant, When

OCCURRENCES_MAX = 750
DATES_MAX = 500
INTERVAL_MAX = 1_000
RRULE_MAX = 500


class Scope(StrEnum):
    """How much of a series a change is about: the one named, it and those after it, or all that are still to come."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


class OnConflict(StrEnum):
    """Choice for a series of which some occurrences cannot be booked."""

    REFUSE = "refuse"
    SKIP = "skip"


class RecurringPattern(CommandBody):
    """The recurrence: an RFC 5545 RRULE, or the friendly form (`frequency` and the rest); both with exceptions.

    Monday is day 0. `until` is a local date of the series' zone, included. `exdates` and `rdates` are local times of
    the series' zone, or instants. Without `count` and `until` it has no end and is booked a year ahead, night by night.
    """

    rrule: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=RRULE_MAX)] | None
    ) = None
    frequency: Literal["daily", "weekly", "monthly", "yearly"] | None = None
    interval: int = Field(1, ge=1, le=INTERVAL_MAX, strict=True)
    days_of_week: list[Annotated[int, Field(ge=0, le=6, strict=True)]] | None = Field(None, max_length=7)
    count: int | None = Field(None, ge=1, le=OCCURRENCES_MAX, strict=True)
    until: date | None = None
    exdates: list[When] = Field(default_factory=list, max_length=DATES_MAX)
    rdates: list[When] = Field(default_factory=list, max_length=DATES_MAX)

    @model_validator(mode="after")
    def _one_form(self) -> "RecurringPattern":
        if (self.rrule is None) == (self.frequency is None):
            raise PydanticCustomError("one_form", "Give either rrule or frequency, and not both")
        friendly = {"interval", "days_of_week", "count", "until"} & self.model_fields_set
        if self.rrule is not None and friendly:
            raise PydanticCustomError("one_form", "Only exdates and rdates can be combined with rrule")
        if self.count is not None and self.until is not None:
            raise PydanticCustomError("one_end", "A series ends by count or by until, not by both")
        return self


class Occurrence(EventBody):
    """One appointment of a series; `original_start_time` (by the pattern) names it for ever, wherever it is moved."""

    appointment_id: UUID
    original_start_time: Instant
    start_time: Instant
    end_time: Instant


class Skipped(EventBody):
    """An occurrence that was not booked, and the code of why."""

    original_start_time: Instant
    code: str


class SeriesState(EventBody):
    """A series: the wall clock of its organizer's zone at its creation, and its pattern.

    `local_start` is the first start by the pattern, naive local time of `timezone`; `rrule` without DTSTART, or null
    for rdates alone; `exdates` and `rdates` are instants. `booked_until`: up to where occurrences exist; null if all do.
    """

    id: UUID
    organization_id: UUID
    organizer_id: UUID
    timezone: str
    local_start: str
    rrule: str | None
    exdates: list[Instant] = Field(default_factory=list)
    rdates: list[Instant] = Field(default_factory=list)
    recurring_pattern: dict[str, Any]
    booked_until: Instant | None = None
    ended: bool = False
    version: int = Field(ge=1)


class SeriesTemplate(EventBody):
    """Content of occurrences still to be made: an appointment without id and times.

    An occurrence starts `start_by` of wall-clock time after its start by the pattern; its end is `duration` (elapsed)
    after that start, moved by `end_by`. All three are microseconds.
    """

    appointment: Appointment
    organizer_confirmed: bool = False
    duration: int
    start_by: int = 0
    end_by: int = 0
    ignores_availability: bool = False


class SeriesChange(StrEnum):
    """A change to a series as a whole."""

    CREATED = "created"
    UPDATED = "updated"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXTENDED = "extended"


class SeriesEvent(EventBody):
    """Body of `series.changed`: the effect of one command on a series, published after the events of the occurrences.

    `appointment` is the first changed occurrence after the change (named in messages), `changes` what changed in
    it; `template` is null in events of earlier versions of booking; `occurrences` all that were touched; `skipped` those that could not be booked. `people` as in other events.
    """

    series_id: UUID
    version: int = Field(ge=1)
    change: SeriesChange
    scope: Scope
    series: SeriesState
    template: SeriesTemplate | None = None
    appointment: Appointment | None = None
    changes: list[Change] = Field(default_factory=list)
    occurrences: list[Occurrence] = Field(default_factory=list)
    skipped: list[Skipped] = Field(default_factory=list)
    people: list[Person] = Field(default_factory=list)
    actor: str


EVENT_TYPES: dict[str, str] = {
    "series.changed": "One command changed several occurrences of a series: one event for all of them.",
}
