"""Components of an iCalendar file, with limits on nesting and count that its size alone does not give."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SIZE_MAX = 5 * 1024 * 1024
LINES_MAX = 250_000
EVENTS_MAX = 5_000
ZONES_MAX = 500
DEPTH_MAX = 8

_FOLD = re.compile(r"\r?\n[ \t]")
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}+(?=[;:])")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,64}+)=((?:"[^"]*+"|[^";:,]*+)(?:,(?:"[^"]*+"|[^";:,]*+))*+)')
_EVENT_PARTS = frozenset(
    [
        "UID",
        "SEQUENCE",
        "RECURRENCE-ID",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "EXRULE",
        "RDATE",
        "EXDATE",
        "SUMMARY",
        "DESCRIPTION",
        "LOCATION",
        "URL",
        "STATUS",
        "TRANSP",
        "ORGANIZER",
        "ATTENDEE",
    ]
)
_ZONE_PARTS = frozenset(["TZID", "X-LIC-LOCATION", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"])
_KEPT = {
    "VEVENT": _EVENT_PARTS,
    "VTIMEZONE": _ZONE_PARTS,
    "STANDARD": _ZONE_PARTS,
    "DAYLIGHT": _ZONE_PARTS,
    "VCALENDAR": frozenset({"METHOD"}),
}


class Unreadable(ValueError):
    """The file as a whole is refused: a stable `code`, and a sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Property:
    """A content line: parameters by their names in capitals, without quotes; the value as it stands there."""

    parameters: Mapping[str, str]
    value: str


@dataclass(slots=True)
class Component:
    """Content between BEGIN and END: known properties, inner components, and the count of unreadable ones."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    components: list["Component"] = field(default_factory=list)
    broken: bool = False

    def first(self, name: str) -> Property | None:
        """The property of that name; the first, if there are several."""
        return next(iter(self.properties.get(name, ())), None)

    def value(self, name: str) -> str:
        """The value of that property, empty if there is none."""
        found = self.first(name)
        return found.value if found else ""


def calendars(raw: bytes) -> list[Component]:
    """The VCALENDARs of a file with their events and zones; raises Unreadable, before it has taken much time."""
    root = Component("")
    open_now = [root]
    counts = {"VEVENT": 0, "VTIMEZONE": 0}
    for line in _lines(raw):
        keyword = line[:6].upper()
        if keyword == "BEGIN:":
            _begin(line[6:].strip().upper(), open_now, counts)
        elif line[:4].upper() == "END:":
            if len(open_now) == 1 or open_now.pop().name != line[4:].strip().upper():
                raise Unreadable("malformed", "A component ends that did not begin.")
        elif line:
            _add_property(open_now, line)
    if len(open_now) > 1:
        raise Unreadable("malformed", "The file ends within a component.")
    found = [component for component in root.components if component.name == "VCALENDAR"]
    if not found:
        raise Unreadable("not_a_calendar", "This is no iCalendar file.")
    return found


def _lines(raw: bytes) -> Iterator[str]:
    if len(raw) > SIZE_MAX:
        raise Unreadable("too_large", f"A calendar has at most {SIZE_MAX // 1024 // 1024} MB.")
    if raw.count(b"\n") + raw.count(b"\r") > 2 * LINES_MAX:
        raise Unreadable("too_large", f"A calendar has at most {LINES_MAX:,} lines.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("encoding", "A calendar is UTF-8.") from None
    if not text[:200].lstrip()[:15].upper() == "BEGIN:VCALENDAR":
        raise Unreadable("not_a_calendar", "This is no iCalendar file.")
    return (line.strip("\r") for line in _FOLD.sub("", text).split("\n"))


def _begin(name: str, open_now: list[Component], counts: dict[str, int]) -> None:
    if len(open_now) > DEPTH_MAX:
        raise Unreadable("too_deep", f"Components stand in each other at most {DEPTH_MAX} deep.")
    if name in counts:
        counts[name] += 1
    if counts["VEVENT"] > EVENTS_MAX:
        raise Unreadable("too_many", f"A calendar has at most {EVENTS_MAX:,} events.")
    if counts["VTIMEZONE"] > ZONES_MAX:
        raise Unreadable("too_many", f"A calendar has at most {ZONES_MAX} time zones.")
    component = Component(name)
    if len(open_now) == 1 or name in _KEPT:
        open_now[-1].components.append(component)
    open_now.append(component)


def _add_property(open_now: list[Component], line: str) -> None:
    component = open_now[-1]
    kept = _KEPT.get(component.name)
    if component.name == "":
        raise Unreadable("malformed", "Something stands outside of the calendar.")
    if kept is None:
        return
    found = _NAME.match(line)
    name = found[0].upper() if found else ""
    if not found or name not in kept:
        return
    position, parameters = found.end(), {}
    while one := _PARAMETER.match(line, position):
        parameters[one[1].upper()] = one[2].replace('"', "")
        position = one.end()
    if line[position : position + 1] != ":":
        component.broken = True
        return
    component.properties.setdefault(name, []).append(Property(parameters, line[position + 1 :]))
