"""The results of an import, counted and reported."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson

from cli.transfer.entries import Problem

SHOWN = 20
_QUIET = frozenset({"existing", "skipped"})
_FATES = ("total", "booked", "skipped", "failed")


@dataclass
class Tally:
    """Entries by their result.

    booked: accepted, by this import or an earlier one. existing: an appointment with the same id existed. refused: by
    booking. unsendable: not made into a command. skipped: understood and on purpose not booked. notes: parts that were
    left out of booked ones. undecided: sent, without an outcome so far. components: how many components of a calendar, or
    rows of a table, are booked (new or as before), skipped and failed.
    """

    read: int = 0
    booked: int = 0
    occurrences: int = 0
    existing: int = 0
    refused: int = 0
    unsendable: int = 0
    skipped: int = 0
    undecided: int = 0
    notes: int = 0
    interrupted: bool = False
    components: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_FATES, 0))

    def count(self, fate: str, number: int) -> None:
        """Count so many components with that fate."""
        self.components[fate] += number
        self.components["total"] += number

    def take(self, problem: Problem, report: "Report") -> None:
        """Count and report something that does not become a command."""
        if problem.outcome == "note":
            self.notes += 1
            report.add(problem, "note")
            return
        self.read += 1
        skipped = problem.outcome == "skipped"
        self.count("skipped" if skipped else "failed", 1)
        self.skipped += skipped
        self.unsendable += not skipped
        report.add(problem, problem.outcome or "unsendable")

    @property
    def complete(self) -> bool:
        """Whether every entry of the file is booked or existed."""
        return not (self.refused or self.unsendable or self.undecided or self.interrupted)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


@dataclass
class Report:
    """Every problem as a line of JSON in a file, as it comes; the first ones are kept to be shown."""

    path: Path | None
    shown: list[Problem] = field(default_factory=list)
    _stream: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Begin the file anew. Raises OSError."""
        self._stream = self.path.open("wb") if self.path else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def add(self, problem: Problem, outcome: str) -> None:
        """Add a problem; `outcome`: refused, unsendable, failed, undecided, skipped, existing or note."""
        if len(self.shown) < SHOWN and outcome not in _QUIET:
            self.shown.append(problem)
        if self._stream is not None:
            line = {**problem.document(), "outcome": outcome}
            self._stream.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))
            self._stream.flush()
