"""A file of appointments, by its name's ending."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cli.transfer import csv_format, ics_reading, ndjson_format
from cli.transfer.entries import BadFile, Entry, Problem
from cli.transfer.ics_writing import calendar
from cli.transfer.roster import Member

Reader = Callable[[BinaryIO], Iterator[Entry | Problem]]
READERS: dict[str, Reader] = {"ndjson": ndjson_format.read, "csv": csv_format.read}
KINDS = ("ndjson", "ics", "csv")


@dataclass
class Source:
    """An open file and how to read it."""

    stream: BinaryIO
    size: int
    kind: str

    @classmethod
    def of(cls, path: Path, kind: str | None) -> "Source":
        """Open it. Raises BadFile for an unknown ending, OSError."""
        return cls(path.open("rb"), path.stat().st_size, kind_of(path, kind))

    def entries(self, at: datetime, owner: Member | None) -> Iterator[Entry | Problem]:
        """Yield its entries one after the other, read at a time for the import's owner. Raises BadFile."""
        if self.kind == "ics":
            return ics_reading.read(self.stream, at, owner)
        return READERS[self.kind](self.stream)

    def read_bytes(self) -> int:
        """Return the number of bytes read so far."""
        return self.size if self.stream.closed else self.stream.tell()


def kind_of(path: Path, given: str | None) -> str:
    """Return the given format, else the one of the name's ending. Raises BadFile."""
    found = given or path.suffix.lower().lstrip(".").replace("jsonl", "ndjson")
    if found not in KINDS:
        raise BadFile(f"{path.name} ends in none of {', '.join(KINDS)}; name it with --format")
    return found


def write(path: Path, kind: str, entries: Iterable[Entry], at: datetime) -> None:
    """Write the entries; the file appears when it is complete. `at` is now. Raises OSError."""
    partial = path.with_name(path.name + ".partial")
    if kind == "csv":
        with partial.open("w", encoding="utf-8-sig", newline="") as text:
            csv_format.write(text, entries)
    elif kind == "ics":
        partial.write_bytes(calendar(entries, at))
    else:
        with partial.open("wb") as stream:
            ndjson_format.write(stream, entries)
    partial.replace(path)
