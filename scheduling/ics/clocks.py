"""Clock of a TZID: the VTIMEZONE of the file, the zone known by that name, or the one that the name most likely means."""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduling.expansion import Effort, TooMuchWork
from scheduling.ics import values
from scheduling.ics.described import Change, DescribedZone, LocalZone, described
from scheduling.ics.parsing import Component
from scheduling.ics.zone_names import guessed, has_one_offset, iana, windows
from scheduling.ics.zones import changes_of

_EARLIEST = 1970
_LOOKED_AT = 30  # days of work for each earlier year that a description is compared with


class Clock(NamedTuple):
    """A zone, None for each reader's own; `guess` is a sentence if the name alone did not say it."""

    zone: tzinfo | None
    guess: str = ""


class KnownZone(LocalZone):
    """A known zone whose description in the file differs from it at some times; `trusted`: an IANA name.

    The description wins from its beginning on, unless it is that of an IANA name and outdated: it does not speak of the
    year, or says of it what the zone itself said of an earlier one.
    """

    def __init__(self, known: ZoneInfo, description: DescribedZone, *, trusted: bool, effort: Effort) -> None:
        self.known = known
        self._description = description
        self._trusted = trusted
        self._effort = effort
        self._outdated: dict[int, bool] = {}
        self._agrees: dict[int, bool] = {}

    def offset_at(self, local: datetime) -> timedelta:
        """The offset at a local time."""
        known = local.replace(tzinfo=self.known).utcoffset() or timedelta()
        if local < self._description.begin or (self._trusted and self._is_outdated(local.year)):
            return known
        return self._description.offset_at(local)

    def is_known_at(self, local: datetime) -> bool:
        """Return whether this clock is that of the known zone at a local time."""
        return self.offset_at(local) == local.replace(tzinfo=self.known).utcoffset()

    def is_known_in(self, year: int) -> bool:
        """Return whether this clock is that of the known zone all the year."""
        if year not in self._agrees:
            self._effort.spend(366)
            self._agrees[year] = all(map(self.is_known_at, _half_days(year)))
        return self._agrees[year]

    def _is_outdated(self, year: int) -> bool:
        if year not in self._outdated:
            self._outdated[year] = not self._description.speaks_of(year) or self._was_true_before(year)
        return self._outdated[year]

    def _was_true_before(self, year: int) -> bool:
        shown = self._description.changes_in(year)
        offset = self._description.offset_at(datetime(year, 1, 1))  # noqa: DTZ001
        for earlier in range(year - 1, _EARLIEST - 1, -1):
            self._effort.spend(_LOOKED_AT)
            changes = changes_of(self.known.key, earlier)
            if not changes and not shown:
                begin = datetime(earlier, 1, 1, tzinfo=self.known)
                if begin.utcoffset() == offset:
                    return True
            elif len(changes) == len(shown) and all(map(_alike, shown, changes)):
                return True
        return False


def _alike(shown: Change, known: tuple[datetime, timedelta, timedelta]) -> bool:
    """Return whether two changes of different years follow one rule: by the date, or by the day of the week.

    The time of the day is not compared: many descriptions have it wrong by an hour.
    """
    one, (other, before, after) = shown.onset, known
    if (shown.before, shown.offset, one.month) != (before, after, other.month):
        return False
    return one.day == other.day or (one.weekday() == other.weekday() and bool(_turns(one) & _turns(other)))


def _turns(day: datetime) -> set[int]:
    """The places of a weekday in its month: from its beginning, and -1 for the last."""
    last = (day + timedelta(days=7)).month != day.month
    return {(day.day - 1) // 7 + 1} | ({-1} if last else set())


@lru_cache(maxsize=64)
def _half_days(year: int) -> tuple[datetime, ...]:
    begin = datetime(year, 1, 1)  # noqa: DTZ001
    return tuple(begin + timedelta(hours=12 * half) for half in range(2 * 365))


class Clocks:
    """The zones of one calendar, by TZID; `zones` are its own, `others` those of the other calendars of the file."""

    def __init__(self, zones: Iterable[Component], others: Iterable[Component], effort: Effort) -> None:
        self._described = {name_of(zone.value("TZID")): zone for zone in (*others, *zones)}
        self.effort = effort
        self._known: dict[str, Clock] = {}

    def find(self, tzid: str) -> Clock:
        """Return the clock of a TZID; there is always one, and its `guess` says if it is doubtful."""
        name = name_of(tzid)
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Clock:
        if name.startswith("/") and (key := iana(name)):
            return Clock(ZoneInfo(key))
        described_zone = self._description(name)
        place = self._described[name].value("X-LIC-LOCATION") if name in self._described else ""
        trusted = iana(name) or (None if windows(name) else iana(place))
        key = trusted or windows(name)
        if key and described_zone:
            trusts = bool(trusted) and not has_one_offset(key)
            return Clock(KnownZone(ZoneInfo(key), described_zone, trusted=trusts, effort=self.effort))
        if key:
            return Clock(ZoneInfo(key))
        if described_zone:
            return Clock(described_zone)
        shown = name[:100] or "without a name"
        if zone := guessed(name):
            return Clock(zone, f"The zone {shown!r} is not described; it is read as {zone}.")
        return Clock(None, f"The zone {shown!r} is not known; its times are read as those of your own zone.")

    def _description(self, name: str) -> DescribedZone | None:
        if name not in self._described:
            return None
        try:
            return described(self._described[name], self.effort)
        except TooMuchWork:
            raise
        except (ValueError, OverflowError):
            return None


def name_of(tzid: str) -> str:
    """The name as a reader sees it: the same for a parameter and for a TEXT with its escapes."""
    return " ".join(values.text(tzid.replace('"', "")).split())


def key_of(zone: tzinfo | None, years: Iterable[int]) -> str | None:
    """The IANA name under which a zone shows the same times in all these years, if it has one."""
    if isinstance(zone, KnownZone):
        return zone.known.key if all(map(zone.is_known_in, years)) else None
    return zone.key if isinstance(zone, ZoneInfo) else None


def key_at(zone: tzinfo | None, times: Iterable[datetime]) -> str | None:
    """The IANA name under which a zone shows the same time at each of these times, if it has one."""
    if isinstance(zone, KnownZone):
        local = [at.replace(tzinfo=None) for at in times]
        return zone.known.key if all(zone.is_known_at(at) for at in local) else None
    return zone.key if isinstance(zone, ZoneInfo) else None
