"""One person's occupied time."""

from bisect import bisect_left, insort
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Entry(NamedTuple):
    """A range `[start, end)` in UTC, and the appointment that takes it."""

    start: datetime
    end: datetime
    appointment_id: UUID


class Calendar:
    """Ranges that never overlap, kept sorted, so that a look-up is logarithmic."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Occupy a range that is free."""
        insort(self._entries, entry)

    def remove(self, entry: Entry) -> None:
        """Free a range, if it is known."""
        at = bisect_left(self._entries, entry)
        if at < len(self._entries) and self._entries[at] == entry:
            del self._entries[at]

    def overlapping(self, start: datetime, end: datetime) -> list[Entry]:
        """Return the entries that overlap `[start, end)`; touching ends do not."""
        entries = self._entries
        at = bisect_left(entries, (start,))
        if at and entries[at - 1].end > start:
            at -= 1
        found = []
        while at < len(entries) and entries[at].start < end:
            found.append(entries[at])
            at += 1
        return found
