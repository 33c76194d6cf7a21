"""What a file of appointments holds: entries, and what cannot be one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

JSON = dict[str, Any]


class BadFile(ValueError):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment, or a series, as a file has it.

    place: where, for example `line 17`. body: that of a create, people as ids or e-mail addresses. uid: its name at its
    source, if it has one. organizer: whose it is, else the import's owner; or_owner: also if nobody knows them. answers: what the participants said
    (`confirmed`, `declined`), by id or address. confirmed: the organizer confirmed the whole. waiting: who waits for a seat, the first first. changes: single
    occurrences that differ, each the body of an update with its `original_start_time`. notes: what is lost on the way.
    """

    place: str
    body: JSON
    uid: str | None = None
    organizer: str | None = None
    or_owner: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    confirmed: bool = False
    waiting: Sequence[str] = ()
    changes: Sequence[JSON] = ()
    notes: Sequence["Problem"] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something of the file did not become what it says. `errors` as in an outcome: field, code, message."""

    place: str
    code: str
    detail: str
    uid: str | None = None
    title: str | None = None
    errors: Sequence[JSON] = ()

    def document(self) -> JSON:
        """As JSON, without what is empty."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value not in (None, (), [])}


def uuid_in(text: Any) -> UUID | None:
    """The UUID that a text is, or None."""
    try:
        return UUID(text) if isinstance(text, str) and len(text) == 36 else None
    except ValueError:
        return None
