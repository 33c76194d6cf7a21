"""Content lines of iCalendar (RFC 5545, 3.1): escaped so that no value can add a line, and folded."""

import re
from collections.abc import Iterable

OCTETS_MAX = 75
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROL_OR_SPACE = re.compile(r"[\x00-\x20\x7f-\x9f]")
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def text(value: str) -> str:
    """A TEXT value; newlines and tabs stay, other control characters do not."""
    return _CONTROL.sub("", value.replace("\r\n", "\n")).translate(_ESCAPES)


def parameter(value: str) -> str:
    """A quoted parameter value, in one line; a double quote, which none can hold, becomes a single one."""
    return '"' + re.sub(r"[\n\t]", " ", _CONTROL.sub("", value)).replace('"', "'") + '"'


def uri(value: str) -> str:
    """Return a URI value without the characters that no URI may contain."""
    return _CONTROL_OR_SPACE.sub("", value)


def document(lines: Iterable[str]) -> bytes:
    """The lines as a file: UTF-8, folded, ended by CR and LF."""
    return b"".join(map(_folded, lines))


def _folded(line: str) -> bytes:
    """The line in pieces of at most 75 octets, none of which ends within a character."""
    octets = line.encode("utf-8", "replace")
    if len(octets) <= OCTETS_MAX:
        return octets + b"\r\n"
    pieces = []
    begin, width = 0, OCTETS_MAX
    while len(octets) - begin > width:
        end = begin + width
        while octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[begin:end])
        begin, width = end, OCTETS_MAX - 1
    pieces.append(octets[begin:])
    return b"\r\n ".join(pieces) + b"\r\n"
