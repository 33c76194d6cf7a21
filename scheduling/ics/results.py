"""Results of reading a calendar: each component that stands in it, with what became of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """The three ends of a component."""

    BOOKED = "booked"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """The fate of the component with that number (from 1, time zones not counted) of the file.

    kind: its name, for example VEVENT. uid: empty if it has none. code and detail: the reason, empty for a booked one.
    """

    number: int
    kind: str
    uid: str
    fate: Fate
    code: str = ""
    detail: str = ""

    @property
    def place(self) -> str:
        """Return where it stands in the file, for a person."""
        return f"component {self.number}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that stands otherwise than the file says, though its component is booked; number 0 is the whole file."""

    number: int
    kind: str
    uid: str
    code: str
    detail: str

    @property
    def place(self) -> str:
        """Return where it stands in the file, for a person."""
        return f"component {self.number}" if self.number else "file"


class Refused(ValueError):
    """A component that fails, or is skipped with that fate: a stable `code`, and a sentence for a person."""

    def __init__(self, code: str, detail: str, fate: Fate = Fate.FAILED) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.fate = fate


SKIPPED = {
    "over": "It is over.",
    "too_far": "It lies more than five years ahead.",
    "free": "It is shown as free time.",
    "cancelled": "It is cancelled.",
    "declined": "You have declined it.",
    "older_revision": "A newer revision of it stands in the file.",
    "no_length": "It ends when it begins.",
    "not_an_event": "It is no event.",
}
"""The reasons for which a component that is understood is not booked."""


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many components there are, and how many of each fate."""
    found = Counter(one.fate for one in results)
    return {"total": found.total(), **{fate.value: found[fate] for fate in Fate}}
