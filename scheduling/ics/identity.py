"""The name by which a calendar file says which calendar it is."""

import re

HEAD_BYTES = 65_536
"""The properties of a calendar stand before its first component; so much of a file is looked at."""

_NAMES = ("X-WR-RELCALID", "X-WR-CALNAME", "NAME")
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"^([A-Za-z0-9-]+)(?:;[^:\r\n]*)?:(.*)$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([\\;,nN])")
NAME_MAX = 200


def identity(raw: bytes) -> str | None:
    """Return the calendar's own id, else its name; None for a file that says neither.

    A message about single events (METHOD other than PUBLISH) is no calendar, so it has none.
    """
    head = _FOLD.sub("", raw[:HEAD_BYTES].decode("utf-8", "replace"))
    first = re.search(r"^BEGIN:(?!VCALENDAR)", head, re.MULTILINE | re.IGNORECASE)
    found: dict[str, str] = {}
    for name, value in _LINE.findall(head[: first.start()] if first else head):
        found.setdefault(name.upper(), _ESCAPED.sub(_plain, value.strip()))
    if found.get("METHOD", "PUBLISH").upper() != "PUBLISH":
        return None
    names = (_printable(found.get(name, "")) for name in _NAMES)
    return next((name for name in names if name), None)


def _plain(escaped: re.Match[str]) -> str:
    return " " if escaped[1] in "nN" else escaped[1]


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable()).strip()[:NAME_MAX]
