"""Content lines of iCalendar as properties (RFC 5545, 3.1), also as programs write them that do not keep to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TIMES = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"})
_WORDS = frozenset({"DURATION", "RRULE", "EXRULE", "STATUS", "TRANSP"})
OF_TIME = _TIMES | _WORDS | {"UID", "END"}
"""Properties without which the time of an event is doubtful, and the end of a component that was broken off."""
_PEOPLE = frozenset({"ORGANIZER", "ATTENDEE"})
_OF_EVENTS = (
    OF_TIME - {"END"} | _PEOPLE | frozenset({"SEQUENCE", "SUMMARY", "DESCRIPTION", "LOCATION", "URL"})
)
_OF_ZONES = frozenset({"TZID", "X-LIC-LOCATION", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"})
_OF_OTHERS = frozenset({"UID"})
KEPT = {
    "VEVENT": _OF_EVENTS,
    "VTODO": _OF_OTHERS,
    "VJOURNAL": _OF_OTHERS,
    "VFREEBUSY": _OF_OTHERS,
    "VTIMEZONE": _OF_ZONES,
    "STANDARD": _OF_ZONES,
    "DAYLIGHT": _OF_ZONES,
    "VCALENDAR": frozenset({"METHOD"}),
}
"""The components and properties that are kept; all others are passed over as they come."""

_NAME = re.compile(r"[A-Za-z0-9-]{1,64}+(?=[;:])")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,64}+)=((?:"[^"]*+"|[^";:,]*+)(?:,(?:"[^"]*+"|[^";:,]*+))*+)')
_LOOSE_PARAMETER = re.compile(r";([A-Za-z0-9-]{1,64}+)=")
_MAILTO = re.compile(r":(?=\s*mailto:)", re.IGNORECASE)
_CARET = re.compile(r"\^([n'^])")
_CARETS = {"n": "\n", "'": '"', "^": "^"}


@dataclass(frozen=True, slots=True)
class Property:
    """A content line: parameters by their names in capitals, without quotes; the value as it stands there."""

    parameters: Mapping[str, str]
    value: str


def property_of(line: str, kept: frozenset[str]) -> tuple[str, Property | None]:
    """Return the name of a line that is kept (else nothing) and its property; None if it cannot be read."""
    found = _NAME.match(line)
    name = found[0].upper() if found else ""
    if not found or name not in kept:
        return "", None
    position, parameters = found.end(), {}
    while one := _PARAMETER.match(line, position):
        parameters[one[1].upper()] = _plain(one[2])
        position = one.end()
    strict = line[position : position + 1] == ":"
    if strict and not (name in _TIMES and ":" in line[position + 1 :]):
        return name, Property(parameters, line[position + 1 :])
    return name, _loose(name, line[found.end() :])


def _loose(name: str, rest: str) -> Property | None:
    """Return a property whose parameters break the rules, if it is still plain where its value begins.

    Times and words have no colon: theirs is the last. People are known by `mailto:`; of them nothing but the address
    is believed.
    """
    if name in _PEOPLE:
        places = [one.start() for one in _MAILTO.finditer(rest)]
        return Property({}, rest[places[-1] + 1 :]) if places else None
    if name not in _TIMES | _WORDS or ":" not in rest:
        return None
    before, _, value = rest.rpartition(":")
    parts = _LOOSE_PARAMETER.split(before)[1:]
    return Property({parts[at].upper(): _plain(parts[at + 1]) for at in range(0, len(parts), 2)}, value)


def _plain(value: str) -> str:
    """A parameter's value without quotes and the escapes of RFC 6868."""
    return _CARET.sub(lambda one: _CARETS[one[1]], value.replace('"', ""))
