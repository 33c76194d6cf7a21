"""Committed rows of the model database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.world import Application, Place

Row = dict[str, Any]
Letter = tuple[str, int, int]


@dataclass
class Contents:
    """Committed rows: progress, the ledger, dead letters."""

    progress: dict[Place, Row] = field(default_factory=dict)
    ledger: list[Application] = field(default_factory=list)
    letters: dict[Letter, Row] = field(default_factory=dict)
    applied: set[tuple[Place, int]] = field(default_factory=set)

    def enter(self, applications: Sequence[Application]) -> None:
        """Append to the ledger; `applied` has its positions."""
        self.ledger += applications
        self.applied |= {(entry.place, entry.offset) for entry in applications}

    def copy(self) -> "Contents":
        """The same, for a snapshot or a restore."""
        rows = {place: dict(row) for place, row in self.progress.items()}
        return Contents(rows, list(self.ledger), dict(self.letters), set(self.applied))


def advance(row: Row, to: Row, grows: bool) -> None:
    """Move a progress row as the chassis' statement does; where it `grows`, it never goes back."""
    next_ = max(row["next_offset"], to["next_offset"]) if grows else to["next_offset"]
    published = min(to["published_offset"], next_)
    if published > row["published_offset"] or to["always"]:
        row["published_at"] = to["published_at"]
    row["next_offset"] = next_
    row["published_offset"] = max(row["published_offset"], published) if grows else published
    if to["last_offset"] is not None and to["last_offset"] > _or_before_all(row["last_offset"]):
        row["last_offset"], row["last_timestamp"] = to["last_offset"], to["last_timestamp"]


def _or_before_all(offset: int | None) -> int:
    return -1 if offset is None else offset
