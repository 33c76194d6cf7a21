"""Times as iCalendar properties: wall clock of a zone, whose VTIMEZONE stands in the file, or UTC."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.expansion import local_times
from scheduling.recurrence import Recurrence
from scheduling.rrule_text import parsed
from scheduling.wallclock import moved_out_of_gaps

_BEFORE_A_CHANGE = timedelta(hours=3)


def single_times(zone: str, start: datetime, end: datetime) -> Iterator[str]:
    """From when to when something takes place that does not recur."""
    yield f"DTSTART{_time(start, zone)}"
    yield f"DTEND{_time(end, zone)}"


def series_times(
    recurrence: Recurrence, start: datetime, end: datetime, exdates: Iterable[datetime]
) -> Iterator[str]:
    """Times of a series; each occurrence is as long as from `start` to `end`.

    A first start that is in a clock gap has a duration, because its end on the wall clock would look an hour later.
    """
    zone, first = ZoneInfo(recurrence.timezone), recurrence.local_start
    instant = moved_out_of_gaps(first, zone)
    yield f"DTSTART{_on_the_clock(first, zone)}"
    if instant.astimezone(zone).replace(tzinfo=None) == first:
        yield f"DTEND{_time(instant + (end - start), zone.key)}"
    else:
        yield f"DURATION:PT{int((end - start).total_seconds())}S"
    if recurrence.rrule:
        yield f"RRULE:{recurrence.rrule}"
    for added in recurrence.rdates:
        yield f"RDATE{original_time(added, zone.key, recurrence)}"
    for removed in sorted({*recurrence.exdates, *exdates}):
        yield f"EXDATE{original_time(removed, zone.key, recurrence)}"


def original_time(instant: datetime, zone: str, series: Recurrence | None) -> str:
    """The time by which clients know an occurrence.

    Of one that falls into a clock gap it is the skipped time that the rule names: clients that compare wall clocks and
    clients that compare instants find it both.
    """
    clock = ZoneInfo(zone)
    skipped = _skipped_time(instant, clock)
    if series and skipped and _is_named(series, skipped):
        return _on_the_clock(skipped, clock)
    return _time(instant, zone)


def _skipped_time(instant: datetime, zone: ZoneInfo) -> datetime | None:
    """The local time in a clock gap that means this instant, if one does."""
    before, now = (
        (at.astimezone(zone).utcoffset() or timedelta()) for at in (instant - _BEFORE_A_CHANGE, instant)
    )
    skipped = (instant + before).replace(tzinfo=None)
    return skipped if before < now and moved_out_of_gaps(skipped, zone) == instant else None


def _is_named(series: Recurrence, local: datetime) -> bool:
    if series.rrule is None:
        return local == series.local_start
    return local in local_times(parsed(series.rrule), series.local_start, local.date(), local.date())


def _time(instant: datetime, zone: str) -> str:
    """Return the time in UTC if the wall clock cannot express it: the later of two times that look the same."""
    local = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    if moved_out_of_gaps(local, ZoneInfo(zone)) != instant:
        return f":{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return _on_the_clock(local, ZoneInfo(zone))


def _on_the_clock(local: datetime, zone: ZoneInfo) -> str:
    return f":{local:%Y%m%dT%H%M%SZ}" if zone.key == "UTC" else f";TZID={zone.key}:{local:%Y%m%dT%H%M%S}"
