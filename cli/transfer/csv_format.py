"""CSV as spreadsheets write it: comma, semicolon or tab, with or without a byte order mark, quoted fields with newlines.

The first row names the columns, in any order: `title`, `start_time`, `end_time` and of the others what there is. Several
people or dates in a cell are separated by spaces; an empty cell is as if it were not there.
"""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, TextIO

import orjson

from cli.transfer.entries import JSON, BadFile, Entry, Problem
from cli.transfer.ndjson_format import LINE_MAX_BYTES, document, entry_of

_REQUIRED = ("title", "start_time", "end_time")


def _list(cell: str) -> list[str]:
    return cell.split()


def _number(cell: str) -> Any:
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 9 else cell


def _instant(cell: str) -> str:
    """`2027-03-01 09:00` is as good as with a T between."""
    return cell.strip().replace(" ", "T", 1)


COLUMNS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "id": ("id", str),
    "title": ("title", str),
    "start_time": ("start_time", _instant),
    "end_time": ("end_time", _instant),
    "timezone": ("timezone", str.strip),
    "organizer": ("organizer_id", str.strip),
    "participants": ("participant_ids", _list),
    "description": ("description", str),
    "location": ("location", str),
    "meeting_url": ("meeting_url", str.strip),
    "client_id": ("client_id", str.strip),
    "seats": ("seats", _number),
    "rrule": ("rrule", str.strip),
    "exdates": ("exdates", _list),
    "rdates": ("rdates", _list),
    "on_conflict": ("on_conflict", str.strip),
    "reminder_settings": ("reminder_settings", orjson.loads),
    "custom_fields": ("custom_fields", orjson.loads),
    "status": ("status", str.strip),
    "confirmation_status": ("confirmation_status", orjson.loads),
    "waiting": ("waiting", _list),
    "changes": ("changes", orjson.loads),
}
"""Each column's field, and how a cell becomes its value; the last ones and the settings are JSON."""

_PATTERN = ("rrule", "exdates", "rdates")


def read(stream: BinaryIO) -> Iterator[Entry | Problem]:
    """Row by row. Raises BadFile when the first row does not name the columns."""
    lines = _text(stream)
    header = next(lines, "")
    delimiter = max(",;\t", key=header.count)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    _check(names)
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        place = f"line {rows.line_num + 2}"
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(place, "malformed", f"Not a row of CSV: {error}.")
            continue
        if any(cell.strip() for cell in cells):
            yield _entry(place, names, cells)


def write(stream: TextIO, entries: Iterable[Entry]) -> None:
    """A row for each entry, all columns."""
    rows = csv.writer(stream)
    rows.writerow(COLUMNS)
    for entry in entries:
        fields = document(entry)
        fields |= fields.pop("recurring_pattern", {})
        rows.writerow(_cell(fields.get(field)) for field, _ in COLUMNS.values())


def _cell(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return "" if value is None else str(value)


def _check(names: list[str]) -> None:
    unknown = [name for name in names if name and name not in COLUMNS]
    missing = [name for name in _REQUIRED if name not in names]
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if unknown:
        raise BadFile(f"there is no column {unknown[0][:60]!r} (there are: {', '.join(COLUMNS)})")
    if missing or twice:
        raise BadFile(f"the first row must name each column once, {', '.join(_REQUIRED)} among them")


def _entry(place: str, names: list[str], cells: list[str]) -> Entry | Problem:
    if len(cells) > len(names):
        return Problem(place, "columns", f"{len(cells)} cells in a table of {len(names)} columns.")
    fields: JSON = {}
    for name, cell in zip(names, cells, strict=False):
        if not name or not cell.strip():
            continue
        field, value_of = COLUMNS[name]
        try:
            fields[field] = value_of(cell)
        except ValueError:
            return Problem(place, "malformed", f"The cell of {name} is not JSON.")
    pattern = {name: fields.pop(name) for name in _PATTERN if name in fields}
    if pattern:
        fields["recurring_pattern"] = pattern
    return entry_of(place, fields)


def _text(stream: BinaryIO) -> Iterator[str]:
    """Yield lines of text; bytes outside UTF-8 become lone surrogates, which no field may hold, so the row is refused."""
    start = stream.read(2)
    stream.seek(0)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise BadFile("the file is UTF-16; save it as CSV UTF-8")
    first = True
    while line := stream.readline(LINE_MAX_BYTES):
        text = line.decode(errors="surrogateescape")
        yield text.removeprefix("\ufeff") if first else text
        first = False
