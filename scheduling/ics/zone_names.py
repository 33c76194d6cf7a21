"""Zones by the names that calendar programs give them: IANA, Windows, display names, cities, offsets."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_OFFSET = re.compile(r"\(?(?:UTC|GMT)\s*(?:([+-])\s*([0-9]{1,2})(?::?([0-5][0-9]))?)?\)?", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;&/()]| and ", re.IGNORECASE)
_NUMBERED = re.compile(r"(?<=[a-z)]) [0-9]{1,3}$", re.IGNORECASE)
_WINTER = tuple(datetime(2026, month, 15, tzinfo=UTC) for month in (1, 7))
_SPOKEN = {
    "atlantic time": "America/Halifax",
    "eastern time": "America/New_York",
    "eastern": "America/New_York",
    "central time": "America/Chicago",
    "central": "America/Chicago",
    "mountain time": "America/Denver",
    "mountain": "America/Denver",
    "pacific time": "America/Los_Angeles",
    "pacific": "America/Los_Angeles",
    "arizona": "America/Phoenix",
    "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
    "saskatchewan": "America/Regina",
    "newfoundland": "America/St_Johns",
    "indiana": "America/Indianapolis",
    "central america": "America/Guatemala",
    "baja california": "America/Tijuana",
    "chihuahua": "America/Chihuahua",
    "la paz": "America/La_Paz",
    "mexico city": "America/Mexico_City",
    "bogota": "America/Bogota",
    "quito": "America/Bogota",
    "brasilia": "America/Sao_Paulo",
    "city of buenos aires": "America/Buenos_Aires",
    "georgetown": "America/Guyana",
    "greenland": "America/Godthab",
    "mid-atlantic": "Etc/GMT+2",
    "azores": "Atlantic/Azores",
    "cape verde is.": "Atlantic/Cape_Verde",
    "cabo verde is.": "Atlantic/Cape_Verde",
    "greenwich mean time": "Europe/London",
    "edinburgh": "Europe/London",
    "bern": "Europe/Zurich",
    "west central africa": "Africa/Lagos",
    "harare": "Africa/Harare",
    "pretoria": "Africa/Johannesburg",
    "kyiv": "Europe/Kiev",
    "st. petersburg": "Europe/Moscow",
    "abu dhabi": "Asia/Dubai",
    "islamabad": "Asia/Karachi",
    "chennai": "Asia/Calcutta",
    "mumbai": "Asia/Calcutta",
    "new delhi": "Asia/Calcutta",
    "sri jayawardenepura": "Asia/Colombo",
    "sri jayawardenepura kotte": "Asia/Colombo",
    "astana": "Asia/Almaty",
    "yangon": "Asia/Rangoon",
    "hanoi": "Asia/Bangkok",
    "beijing": "Asia/Shanghai",
    "osaka": "Asia/Tokyo",
    "sapporo": "Asia/Tokyo",
    "canberra": "Australia/Canberra",
    "wellington": "Pacific/Auckland",
    "solomon is.": "Pacific/Guadalcanal",
    "new caledonia": "Pacific/Noumea",
    "marshall is.": "Pacific/Majuro",
    "nuku'alofa": "Pacific/Tongatapu",
    "samoa": "Pacific/Apia",
    "midway island": "Pacific/Midway",
    "india": "Asia/Calcutta",
    "china": "Asia/Shanghai",
    "japan": "Asia/Tokyo",
    "central europe": "Europe/Berlin",
    "eastern europe": "Europe/Bucharest",
    "germany": "Europe/Berlin",
    "france": "Europe/Paris",
    "united kingdom": "Europe/London",
    "coordinated universal time": "UTC",
    "est": "America/New_York",
    "edt": "America/New_York",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "mst": "America/Denver",
    "mdt": "America/Denver",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "bst": "Europe/London",
    "cest": "Europe/Berlin",
    "eest": "Europe/Helsinki",
    "utc": "UTC",
    "z": "UTC",
}
"""Places and abbreviations in display names of Outlook and Exchange that are no IANA name; lower case."""


def iana(name: str) -> str | None:
    """The IANA zone of that very name; of `/vendor/Europe/Berlin` the end."""
    plain = name.strip().strip("/")
    parts = plain.split("/")[-3:]
    absolute = name.strip().startswith("/")
    tails = ["/".join(parts[begin:]) for begin in range(len(parts) - 1)] if absolute else []
    for one in (plain, *tails):
        if found := _by_lower_case().get(one.lower()):
            return found
    return None


def windows(name: str) -> str | None:
    """The IANA zone of a Windows name."""
    found = _windows_by_lower_case().get(name.strip().lower(), "")
    return found if found in available() else None


def has_one_offset(key: str) -> bool:
    """Return whether the name is that of an offset, such as GMT or EST: no place whose law could change."""
    return key.startswith("Etc/") or key in _OFFSET_NAMES


_OFFSET_NAMES = frozenset(
    {"GMT", "GMT0", "GMT+0", "GMT-0", "UTC", "UCT", "Zulu", "Universal", "Greenwich", "EST", "MST", "HST"}
)


def guessed(name: str) -> tzinfo | None:
    """The zone that a name most likely means, if it says anything: places first, checked by its offset; else the offset."""
    name = _NUMBERED.sub("", name.removeprefix("tzone://Microsoft/").strip())
    match = _OFFSET.match(name)
    offset = _offset(match) if match else None
    rest = name[match.end() :] if match else name
    if found := iana(rest) or windows(rest):
        return ZoneInfo(found)
    votes = Counter(key for key in _places(rest) if offset is None or offset in _offsets(key))
    if votes:
        rules = Counter(_offsets(key) for key in votes.elements())
        most = rules.most_common(1)[0][0]
        return ZoneInfo(next(key for key in votes if _offsets(key) == most))
    return timezone(offset) if offset is not None else None


def _places(text: str) -> list[str]:
    words = [" ".join(one.lower().split()) for one in _BETWEEN.split(text)]
    found = (_SPOKEN.get(word) or _cities().get(word.replace(" ", "_")) for word in words if word)
    return [key for key in found if key in available()]


def _offset(match: re.Match[str]) -> timedelta | None:
    amount = timedelta(hours=int(match[2] or 0), minutes=int(match[3] or 0))
    return None if amount >= timedelta(hours=15) else -amount if match[1] == "-" else amount


@lru_cache(maxsize=1_024)
def _offsets(key: str) -> tuple[timedelta, ...]:
    """Return the offsets of January and July: that in a display name is one of them."""
    return tuple(at.astimezone(ZoneInfo(key)).utcoffset() or timedelta() for at in _WINTER)


@lru_cache(maxsize=1)
def available() -> frozenset[str]:
    """The names of all IANA zones."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def _by_lower_case() -> dict[str, str]:
    return {key.lower(): key for key in available()}


@lru_cache(maxsize=1)
def _windows_by_lower_case() -> dict[str, str]:
    return {name.lower(): key for name, key in WINDOWS_TO_OLSON.items()}


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    """The zones by the last part of their names, `new_york`; one word on its own, such as GMT, is no city."""
    return {
        key.rpartition("/")[2].lower(): key for key in sorted(available()) if "/" in key and key[:4] != "Etc/"
    }
