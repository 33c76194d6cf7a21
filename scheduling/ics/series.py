"""All components of one UID as one thing: which of them count, and when it takes place."""

from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from scheduling.expansion import Effort, local_times
from scheduling.ics.event import Added, Length, ReadEvent
from scheduling.ics.events import day_of
from scheduling.rrule import RecurrenceRule
from scheduling.wallclock import moved_out_of_gaps

ENDLESS = timedelta(days=400)
"""How far a series without an end is looked at: our own are booked a year ahead, too."""
_A_DAY = timedelta(days=1)


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


class Occurrence(NamedTuple):
    """One time at which it takes place: by its original start (as the series writes it), from when to when (instants).

    event: the component that says so.
    """

    original: datetime | None
    start: datetime
    end: datetime
    event: ReadEvent


@dataclass(slots=True)
class Whole:
    """The newest components of one UID: the event or series, occurrences that differ, and changes of all that follow.

    singles: by the instant of their original start. following: in the order of their original starts. older: the
    components that newer ones replace.
    """

    master: ReadEvent | None
    singles: dict[datetime, tuple[datetime, ReadEvent]] = field(default_factory=dict)
    following: list[tuple[datetime, ReadEvent]] = field(default_factory=list)
    older: list[ReadEvent] = field(default_factory=list)
    unread: set[datetime] = field(default_factory=set)
    _from: list[datetime] = field(default_factory=list)

    def members(self) -> Iterator[ReadEvent]:
        """Each component that counts."""
        if self.master:
            yield self.master
        yield from (event for _, event in self.following)
        yield from (event for _, event in self.singles.values())

    def occurrences(self, window: Window, effort: Effort) -> Iterator[Occurrence]:
        """Each occurrence that may touch the window, once; those that are free, cancelled or declined among them."""
        yield from (one for one, stands in self.pattern(window, effort) if stands)
        for original, event in self.singles.values():
            start = window.instant(event.start)
            yield Occurrence(original, start, _end(event, start, event.start, None, window), event)

    def pattern(
        self, window: Window, effort: Effort, endless: timedelta = ENDLESS
    ) -> Iterator[tuple[Occurrence, bool]]:
        """Each occurrence by the pattern, and whether it stands: it is not left out, and none of its own replaces it.

        `endless`: how far from the window's begin on a series without an end is looked at.
        """
        master = self.master
        if master is None:
            return
        self._from = [window.instant(original) for original, _ in self.following]
        replaced = self.singles.keys() | self.unread
        if not master.recurs and not self.following:
            begin = window.instant(master.start)
            alone = Occurrence(None, begin, _end(master, begin, master.start, None, window), master)
            yield alone, begin not in replaced
            return
        gone, seen = {window.instant(at) for at in master.exdates}, set()
        first, last = _days_of(window, self._reach(master, window))
        if master.rule and master.rule.until is None and master.rule.count is None:
            last = min(last, _day(window.first, endless))
        for one in _added_and_ruled(master, first, last, window, effort):
            begin = window.instant(one.start)
            if begin not in seen:
                seen.add(begin)
                left_out = begin in gone or _local_day(one.start, master) in master.exdays
                yield self._moved(master, one, begin, window), not left_out and begin not in replaced

    def _reach(self, master: ReadEvent, window: Window) -> timedelta:
        """How far before the window the original start of an occurrence within it may lie, and how far after it."""
        lengths = [window.instant(one.end) - window.instant(one.start) for one in self.members()]
        lengths += [timedelta(days=one.length.days) + one.length.rest for one in master.added if one.length]
        moves = [abs(window.instant(one.start) - window.instant(at)) for at, one in self.following]
        return max(lengths) + max(moves, default=timedelta())

    def _moved(self, master: ReadEvent, one: Added, begin: datetime, window: Window) -> Occurrence:
        """An occurrence where the last change before it puts it: as far from its original as the change's own."""
        place = bisect(self._from, begin)
        if not place:
            return Occurrence(one.start, begin, _end(master, begin, one.start, one.length, window), master)
        original, change = self.following[place - 1]
        zone = change.start.tzinfo
        since = one.start.replace(tzinfo=None) - _in_the_zone_of(one.start, original).replace(tzinfo=None)
        start = (change.start.replace(tzinfo=None) + since).replace(tzinfo=zone)
        moved = window.instant(start)
        return Occurrence(one.start, moved, _end(change, moved, start, None, window), change)


def _in_the_zone_of(like: datetime, at: datetime) -> datetime:
    """The same instant on the clock of another time; naive times stay."""
    if at.tzinfo is like.tzinfo or at.tzinfo is None or like.tzinfo is None:
        return at
    return at.astimezone(UTC).astimezone(like.tzinfo)


def _local_day(at: datetime, master: ReadEvent) -> date:
    return _in_the_zone_of(master.start, at).date()


def _end(event: ReadEvent, begin: datetime, start: datetime, own: Length | None, window: Window) -> datetime:
    """The end of an occurrence that begins at an instant, on the clock at `start`."""
    length = own or event.nominal
    if length is None:
        return begin + (window.instant(event.end) - window.instant(event.start))
    return window.instant(start + timedelta(days=length.days)) + length.rest


def _added_and_ruled(
    event: ReadEvent, first: date, last: date, window: Window, effort: Effort
) -> Iterator[Added]:
    """The starts on days from `first` to `last` at least: on the wall clock of the event, aware as it is; periods first."""
    yield from (one for one in event.added if one.length)
    yield Added(event.start)
    yield from (one for one in event.added if not one.length)
    if (rule := event.rule) is None:
        return
    if rule.until is not None:
        last = min(last, _day(datetime(rule.until.year, rule.until.month, rule.until.day), _A_DAY))  # noqa: DTZ001
    for local in local_times(rule, event.start.replace(tzinfo=None), first, last, effort):
        at = local.replace(tzinfo=event.start.tzinfo)
        if _is_before_end(at, rule, event, window):
            yield Added(at)


def _days_of(window: Window, reach: timedelta) -> tuple[date, date]:
    return _day(window.first, -reach - 2 * _A_DAY), _day(window.last, reach + 2 * _A_DAY)


def _day(at: datetime, by: timedelta) -> date:
    """The day so much later; the first or last of the calendar, if there is none."""
    ordinal = at.date().toordinal() + by.days
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


def _is_before_end(at: datetime, rule: RecurrenceRule, event: ReadEvent, window: Window) -> bool:
    """Return whether UNTIL allows it: of whole days and by a date the day counts, and the limit is within."""
    until = rule.until
    if until is None:
        return True
    if not isinstance(until, datetime):
        return at.date() <= until
    if event.all_day:
        return at.date() <= day_of(until, window.zone)
    if until.tzinfo is None:
        return at.replace(tzinfo=None) <= until
    return window.instant(at) <= until


def whole(members: Sequence[ReadEvent], unread: Iterable[datetime], window: Window, effort: Effort) -> Whole:
    """Return the components of one UID in order: of several revisions the newest, of equals the last in the file.

    What belongs to an older revision stands only where the newer one has a place for it.
    """
    found = Whole(None)
    differing = [event for event in members if event.recurrence_id is not None]
    for event in members:
        if event.recurrence_id is None:
            found.master, old = _newer(found.master, event)
            found.older += old
    if found.master is None:
        _sort_in(found.singles, differing, lambda event: event.recurrence_id or event.start, found, window)
        return found
    places = _Places(found.master, differing, window, effort)
    following: dict[datetime, tuple[datetime, ReadEvent]] = {}
    for known, some in (
        (found.singles, [event for event in differing if not event.following]),
        (following, [event for event in differing if event.following]),
    ):
        _sort_in(known, some, places.original, found, window)
        for instant in [at for at, (_, event) in known.items() if places.is_gone(at, event)]:
            found.older.append(known.pop(instant)[1])
    found.following = [following[instant] for instant in sorted(following)]
    found.unread = {window.instant(_named(at, found.master, window)) for at in unread}
    return found


def _sort_in(
    known: dict[datetime, tuple[datetime, ReadEvent]],
    events: Iterable[ReadEvent],
    original_of: Callable[[ReadEvent], datetime],
    found: Whole,
    window: Window,
) -> None:
    for event in events:
        original = original_of(event)
        instant = window.instant(original)
        newest, old = _newer(known[instant][1] if instant in known else None, event)
        found.older += old
        known[instant] = (original, newest)


def _newer(known: ReadEvent | None, event: ReadEvent) -> tuple[ReadEvent, list[ReadEvent]]:
    if known is None:
        return event, []
    return (event, [known]) if event.sequence >= known.sequence else (known, [event])


class _Places:
    """The places that a series has for occurrences that differ; looked for only where it is in question."""

    def __init__(
        self, master: ReadEvent, differing: Iterable[ReadEvent], window: Window, effort: Effort
    ) -> None:
        self._master = master
        self._window = window
        named = [
            event.recurrence_id.replace(tzinfo=None)
            for event in differing
            if event.recurrence_id and (event.recurrence_day or event.sequence < master.sequence)
        ]
        self._instants: set[datetime] = set()
        self._by_day: dict[date, datetime] = {}
        if named:
            first, last = _day(min(named), -2 * _A_DAY), _day(max(named), 2 * _A_DAY)
            gone = {window.instant(at) for at in master.exdates}
            for one in _added_and_ruled(master, first, last, window, effort):
                day, instant = _local_day(one.start, master), window.instant(one.start)
                if instant not in gone and day not in master.exdays:
                    self._instants.add(instant)
                    self._by_day.setdefault(day, one.start)

    def is_gone(self, instant: datetime, event: ReadEvent) -> bool:
        """Return whether it belongs to an older revision, and the newer one has no place for it."""
        older = event.sequence < self._master.sequence
        return older and (self._master.cancelled or instant not in self._instants)

    def original(self, event: ReadEvent) -> datetime:
        """The original start that it names, as the series writes it: a day means the occurrence of that day."""
        at = event.recurrence_id or event.start
        if not event.recurrence_day or self._master.all_day:
            return _named(at, self._master, self._window)
        start = self._master.start
        return self._by_day.get(at.date(), datetime.combine(at.date(), start.timetz()))


def _named(at: datetime, master: ReadEvent, window: Window) -> datetime:
    """A time that names an occurrence, in the form of the series' own times."""
    if master.all_day:
        return datetime.combine(day_of(at, window.zone), time())
    if at.tzinfo is None:
        return at.replace(tzinfo=master.start.tzinfo)
    return at if master.start.tzinfo else at.astimezone(UTC).astimezone(window.zone).replace(tzinfo=None)
