"""NDJSON: a line for each appointment, the body of `POST /api/appointments` and a few fields beside it.

Beside it may stand `id` (its name at its source; a UUID becomes the appointment's id), `status`, `confirmation_status`
and `waiting` as appointments have them, and for a series `changes`: a list of `{"original_start_time", …fields of an update}`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import orjson

from cli.transfer.entries import JSON, Entry, Problem

LINE_MAX_BYTES = 1_048_576
_ANSWERS = ("confirmed", "declined")


def read(stream: BinaryIO) -> Iterator[Entry | Problem]:
    """Line by line; a line that is no appointment is a problem, and the next one is read."""
    for number, line in enumerate(_lines(stream), 1):
        place = f"line {number}"
        if line is None:
            yield Problem(place, "too_long", f"A line takes at most {LINE_MAX_BYTES:,} bytes.")
        elif line.strip():
            yield _entry(place, line)


def write(stream: BinaryIO, entries: Iterable[Entry]) -> None:
    """Each entry as a line that `read` reads again."""
    stream.writelines(orjson.dumps(document(entry), option=orjson.OPT_APPEND_NEWLINE) for entry in entries)


def document(entry: Entry) -> JSON:
    """The entry as one JSON object."""
    beside = {
        "id": entry.uid,
        "organizer_id": entry.organizer,
        "status": "confirmed" if entry.confirmed else None,
        "confirmation_status": dict(entry.answers) or None,
        "waiting": list(entry.waiting) or None,
        "changes": list(entry.changes) or None,
    }
    return {name: value for name, value in (beside | entry.body).items() if value is not None}


def entry_of(place: str, fields: JSON) -> Entry | Problem:
    """Return the entry of one object; fields that do not belong to the body are taken out of it."""
    body = dict(fields)
    named, organizer = body.pop("appointment_id", None), body.pop("organizer_id", None)
    uid = body.pop("id", named)
    status, answers = body.pop("status", None), body.pop("confirmation_status", None) or {}
    changes, waiting = body.pop("changes", None) or [], body.pop("waiting", None) or []
    title = body.get("title")
    name = str(title)[:80] if title is not None else None
    if not isinstance(answers, dict) or not isinstance(waiting, list) or not _are_objects(changes):
        detail = "confirmation_status is an object, waiting a list, changes a list of objects."
        return Problem(place, "malformed", detail, title=name)
    if uid is not None and not isinstance(uid, str | int):
        return Problem(place, "malformed", "An id is text.", title=name)
    return Entry(
        place,
        body,
        uid=str(uid) if uid not in (None, "") else None,
        organizer=str(organizer) if organizer not in (None, "") else None,
        answers={str(who): response for who, response in answers.items() if response in _ANSWERS},
        confirmed=status == "confirmed",
        waiting=[str(who) for who in waiting],
        changes=changes,
    )


def _entry(place: str, line: bytes) -> Entry | Problem:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Problem(place, "malformed", f"Not JSON: {error}")
    if not isinstance(fields, dict):
        return Problem(place, "malformed", "A line must be one JSON object.")
    return entry_of(place, fields)


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Each line, None for one that is too long; never more than one of them in memory."""
    first = True
    while line := stream.readline(LINE_MAX_BYTES + 1):
        if first:
            line, first = line.removeprefix(b"\xef\xbb\xbf"), False
        if len(line) <= LINE_MAX_BYTES or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LINE_MAX_BYTES)
        yield None
