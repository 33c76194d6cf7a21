"""The time that the events of a calendar occupy, series expanded; each component with what became of it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from scheduling.expansion import Effort, TooMuchWork
from scheduling.ics.event import ReadEvent
from scheduling.ics.events import Components
from scheduling.ics.parsing import EVENT, Unreadable
from scheduling.ics.results import SKIPPED, Fate, Note, Result, counts
from scheduling.ics.series import Occurrence, Whole, Window, whole

UID_MAX = 255


class Range(NamedTuple):
    """A range that is taken; `uid` names it, each occurrence of a series by its own."""

    uid: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Busy:
    """Time that a calendar occupies; the uids of entries that are free, cancelled or removed.

    results: each component of the file in its order. notes: what stands otherwise than the file says. complete: whether
    the file goes on to its end.
    """

    ranges: list[Range]
    removed: list[str]
    results: list[Result]
    notes: list[Note]
    complete: bool = True

    @property
    def counts(self) -> dict[str, int]:
        """Return `total`, `booked`, `skipped` and `failed`."""
        return counts(self.results)

    @property
    def left_out(self) -> list[Result]:
        """Return the components that are not booked."""
        return [one for one in self.results if one.fate is not Fate.BOOKED]

    @property
    def skipped(self) -> int:
        """How many components occupy nothing, for whatever reason."""
        return len(self.left_out)


def occupied(
    found: Components, window: Window, at_most: int, effort: Effort, reader: Collection[str] = ()
) -> Busy:
    """Return the time that events occupy in the window; endless series count for its first 400 days.

    `reader`: addresses, in small letters, whose declined invitations are free. Raises Unreadable if there are more than
    `at_most` entries (freed ones included), or too many to expand.
    """
    groups: dict[str, list[ReadEvent]] = {}
    for event in found.events:
        groups.setdefault(event.uid, []).append(event)
    taken: dict[str, Range] = {}
    free: dict[str, None] = {}
    results = {one.number: one for one in found.others}
    notes: list[Note] = []
    for uid, members in groups.items():
        try:
            group = _Group(members, found.unread.get(uid, ()), window, effort, frozenset(reader), at_most)
        except TooMuchWork:
            raise Unreadable("too_much", "The series of the calendar take too long to expand.") from None
        except (ValueError, OverflowError):
            results |= {
                one.number: _failed(one, "out_of_range", "Its times lie outside of the calendar.")
                for one in members
            }
            continue
        taken.update((one.uid, one) for one in group.ranges)
        free.update(dict.fromkeys(group.gone))
        results |= {one.number: one for one in group.results()}
        notes += group.notes()
        if len(taken) + len(free) > at_most:
            raise Unreadable("too_many", f"The calendar occupies more than {at_most:,} times.")
    removed = [uid for uid in free if uid not in taken]
    return Busy(list(taken.values()), removed, [results[number] for number in sorted(results)], notes)


class _Group:
    """The components of one UID: the ranges that they take, the names of those that are free again."""

    def __init__(
        self,
        members: list[ReadEvent],
        unread: Iterable[datetime],
        window: Window,
        effort: Effort,
        reader: frozenset[str],
        at_most: int,
    ) -> None:
        self._members = members
        self._window = window
        self._reader = reader
        self._whole: Whole = whole(members, unread, window, effort)
        self.ranges: list[Range] = []
        self.gone: list[str] = []
        self._taking: set[int] = set()
        uid = members[0].uid
        near = (
            one
            for one in self._whole.occurrences(window, effort)
            if one.start < one.end and window.touches(one.start, one.end)
        )
        for one in islice(near, at_most + 1):
            self._take(_name(uid, one.original), one)
        self.gone += list(_taken_away(self._whole.master, window)) if self._whole.master else []

    def _take(self, name: str, one: Occurrence) -> None:
        if why_free(one.event, self._reader):
            self.gone.append(name)
        else:
            self.ranges.append(Range(name, one.start, one.end))
            self._taking.add(one.event.number)

    def results(self) -> Iterator[Result]:
        """Yield the fate of each component; an occurrence that differs has the fate of its series."""
        older = {event.number for event in self._whole.older}
        master = self._whole.master
        series_taken = bool(master and self.ranges and not why_free(master, self._reader))
        for event in self._members:
            if event.number in older:
                yield _skipped(event, "older_revision")
            elif event.number in self._taking or series_taken:
                yield Result(event.number, EVENT, event.uid, Fate.BOOKED)
            else:
                yield _skipped(event, self._reason(master or event))

    def notes(self) -> Iterator[Note]:
        """Yield the notes of components that take time: what was read otherwise than it is written."""
        booked = {one.number for one in self.results() if one.fate is Fate.BOOKED}
        for event in self._members:
            if event.number in booked:
                yield from (
                    Note(event.number, EVENT, event.uid, code, detail) for code, detail in event.notes
                )

    def _reason(self, event: ReadEvent) -> str:
        if why := why_free(event, self._reader):
            return why
        start = self._window.instant(event.start)
        if event.nominal is None and self._window.instant(event.end) <= start:
            return "no_length"
        return "too_far" if start >= self._window.last else "over"


def why_free(event: ReadEvent, reader: frozenset[str]) -> str | None:
    """The reason why an event takes no time of the reader, whenever it takes place."""
    if event.cancelled:
        return "cancelled"
    if event.transparent:
        return "free"
    return "declined" if event.declined & reader else None


def _skipped(event: ReadEvent, code: str) -> Result:
    return Result(event.number, EVENT, event.uid, Fate.SKIPPED, code, SKIPPED[code])


def _failed(event: ReadEvent, code: str, detail: str) -> Result:
    return Result(event.number, EVENT, event.uid, Fate.FAILED, code, detail)


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
