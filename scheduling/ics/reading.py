"""iCalendar files of others (RFC 5545), read with bounded work and memory whatever they hold."""

from datetime import datetime
from zoneinfo import ZoneInfo

from scheduling.expansion import Effort
from scheduling.ics.clocks import Clocks
from scheduling.ics.events import ReadEvent, events_of
from scheduling.ics.occupied import Busy, Range, Window, occupied
from scheduling.ics.parsing import Component, Unreadable, calendars

__all__ = ["Busy", "Range", "ReadEvent", "Unreadable", "busy", "events"]

DAYS_MAX = 500_000
"""How many days the rules of one file may have looked through: a second or two."""


def events(raw: bytes) -> list[ReadEvent]:
    """Return the readable events of a file. Raises Unreadable if the file as a whole is unreadable."""
    found, _, _ = _read(raw)
    return found


def busy(raw: bytes, *, first: datetime, last: datetime, zone: str, at_most: int) -> Busy:
    """Return the time that a calendar occupies from `first` to `last` (instants); endless series for 400 days.

    Times without a zone, and whole days, are those of `zone` (IANA). Raises Unreadable, also for more than `at_most`.
    """
    found, skipped, effort = _read(raw)
    taken = occupied(found, Window(first, last, ZoneInfo(zone)), at_most, effort)
    return Busy(taken.ranges, taken.removed, taken.skipped + skipped)


def _read(raw: bytes) -> tuple[list[ReadEvent], int, Effort]:
    effort = Effort(DAYS_MAX)
    whole = calendars(raw)
    clocks = Clocks(_zones(whole), effort)
    found, skipped = events_of(whole, clocks)
    return found, skipped, effort


def _zones(whole: list[Component]) -> list[Component]:
    return [one for calendar in whole for one in calendar.components if one.name == "VTIMEZONE"]
