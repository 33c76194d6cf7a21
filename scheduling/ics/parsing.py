"""Components of an iCalendar file, with limits on nesting and count that its size alone does not give.

Damage costs no more than the line or the component in which it stands: the neighbours are read as if it were not there.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scheduling.ics.properties import KEPT, Property, property_of

SIZE_MAX = 5 * 1024 * 1024
LINES_MAX = 250_000
EVENTS_MAX = 5_000
COMPONENTS_MAX = 10_000
ZONES_MAX = 500
DEPTH_MAX = 8

CALENDAR, ZONE, EVENT = "VCALENDAR", "VTIMEZONE", "VEVENT"
_OF_A_CALENDAR = frozenset({EVENT, ZONE, "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"})
"""Components that never stand within one another: where one begins, an open one has lost its end."""
_FOLD = re.compile(rb"\r?\n[ \t]")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Unreadable(ValueError):
    """The file as a whole is refused: a stable `code`, and a sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Component:
    """Content between BEGIN and END: known properties and inner components.

    number: its place among the components of the file, from 1; 0 for zones and inner components. broken: names of the
    properties that cannot be read, END if its end is missing. damaged: whether a byte of it is not UTF-8.
    """

    name: str
    number: int = 0
    properties: dict[str, list[Property]] = field(default_factory=dict)
    components: list["Component"] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    damaged: bool = False

    def first(self, name: str) -> Property | None:
        """The property of that name; the first, if there are several."""
        return next(iter(self.properties.get(name, ())), None)

    def value(self, name: str) -> str:
        """The value of that property, empty if there is none."""
        found = self.first(name)
        return found.value if found else ""


@dataclass(slots=True)
class _Reading:
    """The calendars so far, the components that are open now (the outermost first), and how many there were."""

    calendars: list[Component] = field(default_factory=list)
    open_now: list[Component] = field(default_factory=list)
    numbered: int = 0
    events: int = 0
    zones: int = 0

    def begin(self, name: str) -> None:
        """Open a component; one that cannot hold it has lost its end, and is closed."""
        if name == CALENDAR:
            self._close(0)
        elif name in _OF_A_CALENDAR and len(self.open_now) > 1:
            self._close(1)
        if len(self.open_now) > DEPTH_MAX:
            raise Unreadable("too_deep", f"Components stand in each other at most {DEPTH_MAX} deep.")
        component = Component(name)
        if name == CALENDAR:
            self.calendars.append(component)
        elif len(self.open_now) <= 1:
            self._count(component)
            self._calendar().components.append(component)
        elif name in KEPT:
            self.open_now[-1].components.append(component)
        if not self.open_now and name != CALENDAR:
            self.open_now.append(self._calendar())
        self.open_now.append(component)

    def end(self, name: str) -> None:
        """Close the innermost component of that name, with all in it; an end without a beginning means nothing."""
        for depth in range(len(self.open_now) - 1, -1, -1):
            if self.open_now[depth].name == name:
                self._close(depth + 1)
                self.open_now.pop()
                return

    def finish(self) -> bool:
        """Close all; return whether the file is whole."""
        whole = not self.open_now
        self._close(0)
        return whole

    def _close(self, depth: int) -> None:
        for component in self.open_now[depth:]:
            component.broken.append("END")
        del self.open_now[depth:]

    def _calendar(self) -> Component:
        """The calendar that is open, or that ended last; a new one for components before the first."""
        if not self.calendars:
            self.calendars.append(Component(CALENDAR))
        return self.calendars[-1]

    def _count(self, component: Component) -> None:
        if component.name == ZONE:
            self.zones += 1
        else:
            self.numbered += 1
            component.number = self.numbered
        self.events += component.name == EVENT
        if self.events > EVENTS_MAX:
            raise Unreadable("too_many", f"A calendar has at most {EVENTS_MAX:,} events.")
        if self.numbered > COMPONENTS_MAX:
            raise Unreadable("too_many", f"A calendar has at most {COMPONENTS_MAX:,} components.")
        if self.zones > ZONES_MAX:
            raise Unreadable("too_many", f"A calendar has at most {ZONES_MAX} time zones.")


def calendars(raw: bytes) -> tuple[list[Component], bool]:
    """The VCALENDARs of a file with all that stands in them, and whether the file goes on to its end.

    Raises Unreadable, before it has taken much time.
    """
    reading = _Reading()
    for line in _lines(raw):
        keyword = line[:6].upper()
        if keyword == b"BEGIN:":
            reading.begin(_name(line[6:]))
        elif keyword[:4] == b"END:":
            reading.end(_name(line[4:]))
        elif reading.open_now and (kept := KEPT.get(reading.open_now[-1].name)):
            _add_property(reading.open_now[-1], line, kept)
    whole = reading.finish()
    if not any(calendar.components or not calendar.broken for calendar in reading.calendars):
        raise Unreadable("malformed", "The file ends within its calendar, before anything else.")
    return reading.calendars, whole


def _lines(raw: bytes) -> Iterator[bytes]:
    """Unfold bytes, not text: a line may be folded within a character (RFC 5545, 3.1)."""
    if len(raw) > SIZE_MAX:
        raise Unreadable("too_large", f"A calendar has at most {SIZE_MAX // 1024 // 1024} MB.")
    if raw.count(b"\n") + raw.count(b"\r") > 2 * LINES_MAX:
        raise Unreadable("too_large", f"A calendar has at most {LINES_MAX:,} lines.")
    if raw.startswith(_UTF16):
        raw = raw.decode("utf-16", "replace").encode()
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if b"BEGIN:VCALENDAR" not in raw.upper():
        raise Unreadable("not_a_calendar", "This is no iCalendar file.")
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    return (line.strip(b"\r") for line in _FOLD.sub(b"", raw).split(b"\n"))


def _name(line: bytes) -> str:
    return line.strip().upper().decode("ascii", "replace")[:64]


def _add_property(component: Component, line: bytes, kept: frozenset[str]) -> None:
    """Keep a line that says something of use; a byte that is not UTF-8 is kept in a form that all texts can hold."""
    text = line.decode("utf-8", "backslashreplace")
    name, found = property_of(text, kept)
    if not name:
        return
    if found is None:
        component.broken.append(name)
        return
    component.damaged |= b"\\x" not in line and "\\x" in text
    component.properties.setdefault(name, []).append(found)
