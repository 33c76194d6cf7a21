"""Effect of appointment changes on the calendar views: newest version shown, every version in history."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

MISSING_MAX = 1_000
"""Most versions noted as missing for one gap; a larger gap is a bug elsewhere, and is still noticed."""


class Change(NamedTuple):
    """One version of an appointment, as the views keep it. Instants are UTC. (A tuple: rebuilds make
    millions.)

    `attendees`: each person with their response (`organizer`, `pending`, `confirmed`, `declined`, or
    `waiting` for a seat); `audience`: the attendees and those removed by this change. `changes` and `body`
    are JSON. `at`: when it was decided. `hold_id`: the hold that it used up.
    """

    event_id: UUID
    organization_id: UUID
    appointment_id: UUID
    version: int
    change: str
    changes: str
    actor: str
    at: datetime
    organizer_id: UUID
    client_id: UUID | None
    status: str
    start_time: datetime
    end_time: datetime
    title: str
    location: str
    search: str
    body: str
    attendees: tuple[tuple[UUID, str], ...]
    audience: tuple[UUID, ...]
    series_id: UUID | None = None
    hold_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An appointment as the views show it: its version (0: not shown) and its attendees."""

    version: int = 0
    attendees: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Projection:
    """Rows to write: `show` replaces rows; pairs are (appointment, person) and (appointment, version)."""

    show: Sequence[Change]
    removed: Sequence[tuple[UUID, UUID]]
    missing: Sequence[tuple[UUID, int]]
    arrived: Sequence[tuple[UUID, int]]


def project(changes: Sequence[Change], known: Mapping[UUID, Known]) -> Projection:
    """Return the rows to write for a batch, whatever order the versions came in.

    A version at or below the known one is history only. A later one is shown even when versions between are
    absent, because it carries the full state; the absent ones are missing until they arrive.
    """
    nothing = Known()
    show = [
        change
        for change in newest(changes)
        if change.version > known.get(change.appointment_id, nothing).version
    ]
    seen = {(change.appointment_id, change.version) for change in changes}
    return Projection(
        show=show,
        removed=[pair for change in show for pair in _removed(change, known.get(change.appointment_id))],
        missing=[
            pair
            for change in show
            for pair in _skipped(change, known.get(change.appointment_id, nothing).version)
            if pair not in seen
        ],
        arrived=sorted(pair for pair in seen if pair[1] < known.get(pair[0], nothing).version),
    )


def newest(changes: Iterable[Change]) -> list[Change]:
    """Return the highest version of each appointment in a batch."""
    found: dict[UUID, Change] = {}
    for change in changes:
        held = found.get(change.appointment_id)
        if held is None or held.version < change.version:
            found[change.appointment_id] = change
    return list(found.values())


def unique(changes: Iterable[Change]) -> list[Change]:
    """Return each version of each appointment once, the first in the log, as the live view keeps it."""
    found: dict[tuple[UUID, int], Change] = {}
    for change in changes:
        found.setdefault((change.appointment_id, change.version), change)
    return list(found.values())


def counts(changes: Iterable[Change]) -> dict[tuple[UUID, date, str], int]:
    """Return the number of changes per organization, UTC day and kind, ordered by key."""
    found = Counter(
        (change.organization_id, change.at.astimezone(UTC).date(), change.change) for change in changes
    )
    return dict(sorted(found.items()))


def search_text(title: str, location: str, description: str) -> str:
    """Return the searchable text: casefolded, a line each, 200 characters of the description."""
    return f"{title}\n{location}\n{description[:200]}".casefold()


def _removed(change: Change, known: Known | None) -> list[tuple[UUID, UUID]]:
    if known is None:
        return []
    left = known.attendees - {user_id for user_id, _ in change.attendees}
    return [(change.appointment_id, user_id) for user_id in sorted(left)]


def _skipped(change: Change, known: int) -> list[tuple[UUID, int]]:
    first = max(known + 1, change.version - MISSING_MAX)
    return [(change.appointment_id, version) for version in range(first, change.version)]
