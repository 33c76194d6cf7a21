"""A series: its recurrence, and the template of occurrences that are still to be made."""

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
PLACES_MAX = 20_000  # people times occurrences that one transaction holds well
CONTENT_MAX = 8 * 1024 * 1024  # bytes of content of all occurrences: each event of each of them has all of it
AHEAD = timedelta(days=365)  # how far a series without an end is booked
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The state after some version; `booked_until` (UTC) is where the next night goes on, None if all are
    booked.

    `template` is an occurrence without its own times: what edits of all that follow made of it. An occurrence
    starts `start_by` of wall-clock time after its start by the pattern; its end is `duration` (elapsed) after
    that start, moved by `end_by`. `ignores_availability`: the organizer booked it against their own hours.
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
    """Return the id of the series that a command makes."""
    return uuid5(command_id, "series")


def occurrence_id(series_id: UUID, original: datetime) -> UUID:
    """Return the id of an occurrence: it follows from its start by the pattern, so nobody can book it twice."""
    return uuid5(series_id, original.astimezone(UTC).isoformat().replace("+00:00", "Z"))


def period_of(series: Series, original: datetime) -> tuple[datetime, datetime]:
    """Return start and end (UTC) of the occurrence that starts at `original` by the pattern."""
    zone = series.recurrence.timezone
    return (shift(original, zone, series.start_by), shift(original + series.duration, zone, series.end_by))


def occurrence_of(
    series: Series, original: datetime, identifier: UUID, actor: Actor, at: datetime
) -> Appointment:
    """Return a new appointment by the series template."""
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
    """Return the instant that was sent instead of the one by the pattern, if the wall clock shows this time
    twice.
    """
    return sent if wall_clock(original, zone) == wall_clock(sent, zone) else original


def shift_of(before: datetime, after: datetime, zone: str) -> timedelta:
    """Return the wall-clock time of the zone between two instants."""
    return wall_clock(after, zone) - wall_clock(before, zone)


def shifted(instant: datetime, zone: str, by: timedelta) -> datetime:
    """Return the instant so much wall-clock time later, in UTC, at most the end of the calendar."""
    try:
        return shift(instant, zone, by)
    except OverflowError:
        return LAST if by > timedelta() else FIRST


def wall_clock(instant: datetime, zone: str) -> datetime:
    """Return the naive time that clocks in the zone show."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def overlap_themselves(
    originals: Iterable[datetime], duration: timedelta, end_by: timedelta, zone: str
) -> bool:
    """Whether occurrences of this duration overlap; `originals` are sorted. `end_by`: of wall-clock time, is added."""
    if end_by:
        return any(after < shifted(before + duration, zone, end_by) for before, after in pairwise(originals))
    return any(after - before < duration for before, after in pairwise(originals))
