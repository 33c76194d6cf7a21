"""JSON of calendars, pages and histories, out of rows whose bodies are JSON already."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from services.ingress.domain import cursors
from services.ingress.domain.busy import clipped, merged

Row = Mapping[str, Any]

_CALENDAR_FIELDS = ("id", "title", "start_time", "end_time", "status", "organizer_id", "location")
_OCCUPYING = frozenset({"pending", "confirmed"})


def calendar_items(rows: Sequence[Row], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return appointments in which the caller takes part in full, others as busy ranges, ordered by start."""
    if not rows or "shared" not in rows[0]:
        return [{name: row[name] for name in _CALENDAR_FIELDS} for row in rows]
    items = [{name: row[name] for name in _CALENDAR_FIELDS} for row in rows if row["shared"]]
    hidden = [
        (row["start_time"], row["end_time"])
        for row in rows
        if not row["shared"] and row["status"] in _OCCUPYING
    ]
    for low, high in merged(clipped(hidden, start, end)):
        items.append({"start_time": low, "end_time": high, "busy": True})
    return sorted(items, key=lambda item: item["start_time"])


def page(rows: Sequence[Row], limit: int) -> str:
    """Return a page of `limit` appointments, with a cursor if there are more rows than that."""
    items = rows[:limit]
    cursor = "null"
    if len(rows) > limit:
        cursor = f'"{cursors.encode(items[-1]["start_time"], items[-1]["id"])}"'
    return f'{{"items":[{",".join(row["body"] for row in items)}],"next_cursor":{cursor}}}'


def with_history(body: str, rows: Sequence[Row]) -> str:
    """Return the appointment with one more field, `history`: its versions, the first one first."""
    history = [
        {
            "version": row["version"],
            "change": row["change"],
            "changes": orjson.Fragment(row["changes"]),
            "actor": row["actor"],
            "at": row["at"],
        }
        for row in rows
    ]
    return f'{body.rstrip()[:-1]},"history":{orjson.dumps(history, option=orjson.OPT_UTC_Z).decode()}}}'
