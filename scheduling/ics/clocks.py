"""Clock of a TZID: an IANA zone, a zone by its Windows name, or the VTIMEZONE of the file."""

from collections.abc import Iterable
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from scheduling.expansion import Effort, TooMuchWork
from scheduling.ics.described import described
from scheduling.ics.parsing import Component


class UnknownZone(ValueError):
    """The file names an unknown zone without a VTIMEZONE for it."""


class Clocks:
    """The zones of one file, by TZID."""

    def __init__(self, zones: Iterable[Component], effort: Effort) -> None:
        self._described = {zone.value("TZID").strip(): zone for zone in zones}
        self.effort = effort
        self._known: dict[str, tzinfo] = {}

    def zone(self, tzid: str) -> tzinfo:
        """Return the zone; an IANA name beats the file's own VTIMEZONE. Raises UnknownZone."""
        if tzid not in self._known:
            self._known[tzid] = self._find(tzid)
        return self._known[tzid]

    def _find(self, tzid: str) -> tzinfo:
        description = self._described.get(tzid)
        if key := _iana(tzid) or (description and _iana(description.value("X-LIC-LOCATION"))):
            return ZoneInfo(key)
        if description is None:
            raise UnknownZone(tzid)
        try:
            return described(description, self.effort)
        except TooMuchWork:
            raise
        except (ValueError, OverflowError):
            raise UnknownZone(tzid) from None


def _iana(tzid: str) -> str | None:
    """The IANA zone that a name means; of `/vendor/Europe/Berlin` the end."""
    name = tzid.strip().strip("/")
    parts = name.split("/")[-3:]
    tails = (
        ["/".join(parts[begin:]) for begin in range(len(parts) - 1)] if tzid.strip().startswith("/") else []
    )
    for one in (name, WINDOWS_TO_OLSON.get(name, ""), *tails):
        if one in _all_zones():
            return one
    return None


@lru_cache(maxsize=1)
def _all_zones() -> frozenset[str]:
    return frozenset(available_timezones())
