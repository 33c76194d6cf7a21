"""A series: when it occurs, and what an occurrence that is still to be made looks like."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from scheduling.recurrence import Recurrence, shift
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.people import Actor
from services.booking.domain.model.status import open_status

OCCURRENCES_MAX = 750
PLACES_MAX = 20_000  # people times occurrences: so much one transaction holds well
CONTENT_MAX = (
    8 * 1024 * 1024
)  # bytes of all occurrences' content: each of them tells all of it in each of its events
AHEAD = timedelta(days=365)  # how far a series without an end is booked
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The state after some version; `booked_until` (UTC) is where the next night goes on, None if all are booked.

    `template` is an occurrence without its own times: what edits of all that follow made of it. An occurrence starts
    `start_by` of wall-clock time after its start by the pattern; its end is `duration` (elapsed) after that start, moved
    by `end_by`. `ignores_availability`: the organizer booked it against their own hours.
    """

    id: UUID
    recurrence: Recurrence
    template: Appointment
    duration: timedelta
    start_by: timedelta = timedelta()
    end_by: timedelta = timedelta()
    ignores_availability: bool = False
    booked_until: datetime | None = None
    ended: bool = False
    version: int = 1


def series_id_of(command_id: UUID) -> UUID:
    """The id of the series that a command makes."""
    return uuid5(command_id, "series")


def occurrence_id(series_id: UUID, original: datetime) -> UUID:
    """The id of an occurrence: it follows from its start by the pattern, so nobody can book it twice."""
    return uuid5(series_id, original.astimezone(UTC).isoformat().replace("+00:00", "Z"))


def period_of(series: Series, original: datetime) -> tuple[datetime, datetime]:
    """Start and end (UTC) of the occurrence that starts at `original` by the pattern."""
    zone = series.recurrence.timezone
    return (shift(original, zone, series.start_by), shift(original + series.duration, zone, series.end_by))


def occurrence_of(
    series: Series, original: datetime, identifier: UUID, actor: Actor, at: datetime
) -> Appointment:
    """A new appointment by the series' template."""
    template, (start, end) = series.template, period_of(series, original)
    return replace(
        template,
        id=identifier,
        start=start,
        end=end,
        status=open_status(template.answers, template.organizer_confirmed),
        series_id=series.id,
        original_start=original,
        version=1,
        created_at=at,
        created_by=actor.text,
        updated_at=at,
        updated_by=actor.text,
    )


def as_sent(original: datetime, sent: datetime, zone: str) -> datetime:
    """The instant that was sent instead of the one by the pattern, where the wall clock shows the same time twice."""
    return sent if wall_clock(original, zone) == wall_clock(sent, zone) else original


def shift_of(before: datetime, after: datetime, zone: str) -> timedelta:
    """How much wall-clock time of the zone lies between two instants."""
    return wall_clock(after, zone) - wall_clock(before, zone)


def shifted(instant: datetime, zone: str, by: timedelta) -> datetime:
    """The instant so much wall-clock time later, in UTC; where that is beyond the calendar, its end."""
    try:
        return shift(instant, zone, by)
    except OverflowError:
        return LAST if by > timedelta() else FIRST


def wall_clock(instant: datetime, zone: str) -> datetime:
    """What clocks in the zone show, naive."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def overlap_themselves(originals: Iterable[datetime], duration: timedelta) -> bool:
    """Whether one of so long begins before the one before it is over; sorted."""
    return any(after - before < duration for before, after in pairwise(originals))
