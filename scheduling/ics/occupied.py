"""The time that the events of a calendar occupy, series expanded."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from scheduling.expansion import Effort, TooMuchWork, local_times
from scheduling.ics.events import ReadEvent
from scheduling.ics.parsing import Unreadable
from scheduling.rrule import InvalidPattern, RecurrenceRule
from scheduling.rrule_text import parsed
from scheduling.wallclock import moved_out_of_gaps

UID_MAX = 255
COUNT_MAX = 100_000
ENDLESS = timedelta(days=400)
"""How far a series without an end is looked at: our own are booked a year ahead, too."""
ENDLESS_WORK = frozenset({"unsupported_frequency", "too_many"})
"""Codes of rules that no calendar means: every second, or millions of times. The whole file is refused for one."""
_A_DAY = timedelta(days=1)


class Range(NamedTuple):
    """A range that is taken; `uid` names it, each occurrence of a series by its own."""

    uid: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Busy:
    """Time that a calendar occupies; the uids of entries that are free, cancelled or removed.

    `skipped`: how many events occupy nothing: over, free, cancelled, or not to be read.
    """

    ranges: list[Range]
    removed: list[str]
    skipped: int


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when (instants) it matters, and the zone of times and days that have none."""

    first: datetime
    last: datetime
    zone: tzinfo

    def instant(self, at: datetime) -> datetime:
        """In UTC; OverflowError at the ends of the calendar."""
        return moved_out_of_gaps(at.replace(tzinfo=None), at.tzinfo or self.zone)

    def touches(self, start: datetime, end: datetime) -> bool:
        """Return whether `[start, end)` (instants) touches the window."""
        return start < self.last and end > self.first


def occupied(events: Iterable[ReadEvent], window: Window, at_most: int, effort: Effort) -> Busy:
    """Return the time that events occupy in the window; endless series count for its first 400 days.

    Raises Unreadable if there are more than `at_most` entries (freed ones included), or too many to expand.
    """
    newest = _newest(events)
    changed = _changed_occurrences(newest, window)
    taken: dict[str, Range] = {}
    free: dict[str, None] = {}
    skipped = 0
    for event in newest:
        try:
            found = _ranges(event, changed.get(event.uid, frozenset()), window, effort)
            ranges = list(islice(found, at_most + 1))
            gone = list(_taken_away(event, window))
        except TooMuchWork:
            raise Unreadable("too_much", "The series of the calendar take too long to expand.") from None
        except InvalidPattern as error:
            if error.code in ENDLESS_WORK:
                raise Unreadable(error.code, f"A series of the calendar: {error.message}") from None
            skipped += 1
            continue
        except (ValueError, OverflowError):
            skipped += 1
            continue
        if event.cancelled or event.transparent or not ranges:
            gone += [one.uid for one in ranges]
            skipped += 1
        else:
            taken.update((one.uid, one) for one in ranges if one.end > one.start)
        free.update(dict.fromkeys(gone))
        if len(taken) + len(free) > at_most:
            raise Unreadable("too_many", f"The calendar occupies more than {at_most:,} times.")
    return Busy(list(taken.values()), [uid for uid in free if uid not in taken], skipped)


def _newest(events: Iterable[ReadEvent]) -> list[ReadEvent]:
    """Of several versions of one event the one with the highest sequence; of equals the last."""
    newest: dict[tuple[str, datetime | None], ReadEvent] = {}
    for event in events:
        known = newest.get((event.uid, event.recurrence_id))
        if known is None or event.sequence >= known.sequence:
            newest[event.uid, event.recurrence_id] = event
    return list(newest.values())


def _changed_occurrences(events: Iterable[ReadEvent], window: Window) -> dict[str, set[datetime]]:
    """The original starts, by series, that events of their own stand for."""
    changed: dict[str, set[datetime]] = {}
    for event in events:
        if event.recurrence_id and (instant := _instant_if_any(event.recurrence_id, window)):
            changed.setdefault(event.uid, set()).add(instant)
    return changed


def _instant_if_any(at: datetime, window: Window) -> datetime | None:
    try:
        return window.instant(at)
    except (ValueError, OverflowError):
        return None


def _ranges(
    event: ReadEvent, changed: Collection[datetime], window: Window, effort: Effort
) -> Iterator[Range]:
    start, end = window.instant(event.start), window.instant(event.end)
    if event.recurrence_id or not (event.rrule or event.rdates):
        uid = _name(event.uid, event.recurrence_id)
        if window.touches(start, end):
            yield Range(uid, start, end)
        return
    left_out = {*changed, *(window.instant(at) for at in event.exdates)}
    for at in _starts(event, end - start, window, effort):
        begin = window.instant(at)
        finish = window.instant(at + (event.end - event.start)) if event.all_day else begin + (end - start)
        if begin not in left_out and window.touches(begin, finish):
            left_out.add(begin)
            yield Range(_name(event.uid, at), begin, finish)


def _starts(event: ReadEvent, length: timedelta, window: Window, effort: Effort) -> Iterator[datetime]:
    """The starts that may touch the window: on the wall clock of the event, aware as it is."""
    zone, start = event.start.tzinfo, event.start.replace(tzinfo=None)
    yield event.start
    yield from event.rdates
    if event.rrule is None:
        return
    rule = parsed(event.rrule, count_max=COUNT_MAX)
    first = (window.first - length - 2 * _A_DAY).date()
    last = (window.last + 2 * _A_DAY).date()
    if rule.until is None and rule.count is None:
        last = min(last, (window.first + ENDLESS).date())
    elif isinstance(rule.until, date):
        last = min(last, date(rule.until.year, rule.until.month, rule.until.day) + _A_DAY)
    for local in local_times(rule, start, first, last, effort):
        at = local.replace(tzinfo=zone)
        if _is_before_end(at, rule, window):
            yield at


def _is_before_end(at: datetime, rule: RecurrenceRule, window: Window) -> bool:
    if not isinstance(rule.until, datetime):
        return rule.until is None or at.date() <= rule.until
    if rule.until.tzinfo is None:
        return at.replace(tzinfo=None) <= rule.until
    return window.instant(at) <= rule.until


def _taken_away(event: ReadEvent, window: Window) -> Iterator[str]:
    for at in event.exdates:
        if window.first <= window.instant(at) < window.last:
            yield _name(event.uid, at)


def _name(uid: str, original: datetime | None) -> str:
    """The uid of an event, or of an occurrence by its original start; always the same, and never too long."""
    if original is not None:
        at = original.astimezone(UTC) if original.tzinfo else original
        uid = f"{uid}#{at:%Y%m%dT%H%M%S}{'Z' if original.tzinfo else ''}"
    return uid if len(uid) <= UID_MAX else sha256(uid.encode()).hexdigest()
