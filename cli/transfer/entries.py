"""Entries of a file of appointments, and the problems of those that cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

JSON = dict[str, Any]


class BadFile(ValueError):
    """The file as a whole cannot be read; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment, or a series, in a file.

    place: its place, for example `line 17`. body: that of a create, people as ids or e-mail addresses. uid: its name at
    its source, if it has one. organizer: their id or address; without one the import's owner organizes it, with
    fall_back_to_owner also when the organizer is unknown. answers: the participants' responses (`confirmed`, `declined`),
    by id or address. confirmed: the organizer confirmed the whole. waiting: the waiting list in order. changes: single
    occurrences that differ, each the body of an update with its `original_start_time`. notes: losses on the way. parts:
    the components of a calendar that it is made of; none for a row of a table.
    """

    place: str
    body: JSON
    uid: str | None = None
    organizer: str | None = None
    fall_back_to_owner: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    confirmed: bool = False
    waiting: Sequence[str] = ()
    changes: Sequence[JSON] = ()
    notes: Sequence["Problem"] = ()
    parts: Sequence["Part"] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A component of a calendar: its place in the file, and its kind, for example VEVENT."""

    place: str
    kind: str


@dataclass(frozen=True, slots=True)
class Problem:
    """The reason why a part of the file was not booked as it is. `errors` as in an outcome: field, code, message.

    kind: of a component of a calendar. outcome: `skipped` if it was understood and on purpose not booked, `failed` if it
    could not be read, `note` if it is booked all the same; empty for an entry that cannot be sent.
    """

    place: str
    code: str
    detail: str
    uid: str | None = None
    title: str | None = None
    errors: Sequence[JSON] = ()
    kind: str | None = None
    outcome: str = ""

    def document(self) -> JSON:
        """Return it as JSON, without empty fields."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value not in (None, (), [], "")}


def of_its_parts(problem: Problem, parts: Sequence[Part]) -> list[Problem]:
    """Return the problem of an entry for each component that it is made of; as it is for a row of a table."""
    return [replace(problem, place=part.place, kind=part.kind) for part in parts] or [problem]


def uuid_in(text: Any) -> UUID | None:
    """Return the UUID of a text, or None."""
    try:
        return UUID(text) if isinstance(text, str) and len(text) == 36 else None
    except ValueError:
        return None
