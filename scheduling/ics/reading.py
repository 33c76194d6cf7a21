"""iCalendar files of others (RFC 5545), read with bounded work and memory whatever they hold."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduling.expansion import Effort
from scheduling.ics.clocks import Clocks
from scheduling.ics.event import ReadEvent
from scheduling.ics.events import Components, components_of
from scheduling.ics.occupied import Busy, Range, occupied
from scheduling.ics.parsing import ZONE, Unreadable, calendars
from scheduling.ics.results import Fate, Note, Result
from scheduling.ics.series import Window

__all__ = ["Busy", "Fate", "Note", "Range", "ReadEvent", "Result", "Unreadable", "busy", "components"]

DAYS_MAX = 500_000
"""How many days the rules of one file may have looked through: a second or two."""
BROKEN_OFF = Note(
    0, "VCALENDAR", "", "broken_off", "The file ends within its calendar; what followed is not known."
)


def components(raw: bytes, zone: str = "UTC") -> tuple[Components, list[Note]]:
    """Return what stands in a file, and notes about the whole of it. Raises Unreadable.

    `zone`: that of the reader (IANA), for times that have none.
    """
    found, complete, _ = _read(raw, zone)
    return found, [] if complete else [BROKEN_OFF]


def busy(
    raw: bytes, *, first: datetime, last: datetime, zone: str, at_most: int, reader: Collection[str] = ()
) -> Busy:
    """Return the time that a calendar occupies from `first` to `last` (instants); endless series for 400 days.

    Times without a zone, and whole days, are those of `zone` (IANA). `reader`: the addresses of the person whose calendar
    it is; what they have declined is free. Raises Unreadable, also for more than `at_most`.
    """
    found, complete, effort = _read(raw, zone)
    addresses = {address.strip().lower() for address in reader}
    taken = occupied(found, Window(first, last, ZoneInfo(zone)), at_most, effort, addresses)
    return taken if complete else replace(taken, complete=False, notes=[*taken.notes, BROKEN_OFF])


def _read(raw: bytes, zone: str) -> tuple[Components, bool, Effort]:
    effort = Effort(DAYS_MAX)
    whole, complete = calendars(raw)
    zones = [[one for one in calendar.components if one.name == ZONE] for calendar in whole]
    others = [one for some in zones for one in some]
    clocks = (Clocks(own, others, effort) for own in zones)
    return components_of(zip(whole, clocks, strict=True), ZoneInfo(zone)), complete, effort
