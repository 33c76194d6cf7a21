"""JSON of pages and histories, out of rows whose bodies are JSON already."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from services.ingress.domain import cursors

Row = Mapping[str, Any]


def page(rows: Sequence[Row], limit: int) -> str:
    """Return a page of `limit` appointments, with a cursor if there are more rows than that."""
    items = rows[:limit]
    cursor = "null"
    if len(rows) > limit:
        cursor = f'"{cursors.encode(items[-1]["start_time"], items[-1]["id"])}"'
    return f'{{"items":[{",".join(row["body"] for row in items)}],"next_cursor":{cursor}}}'


def history(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the versions of an appointment, the first one first."""
    return [
        {
            "version": row["version"],
            "change": row["change"],
            "changes": orjson.Fragment(row["changes"]),
            "actor": row["actor"],
            "at": row["at"],
        }
        for row in rows
    ]


def declined(appointment: Mapping[str, Any], rows: Iterable[Row]) -> dict[str, str | None]:
    """Return everybody who has declined, with the reason that they gave; `rows`: the history, newest last."""
    found: dict[str, str | None] = {
        person: None for person, answer in appointment["confirmation_status"].items() if answer == "declined"
    }
    for row in rows:
        changes = {change["field"]: change for change in orjson.loads(row["changes"])}
        answers = changes.get("confirmation_status", {"old": {}, "new": {}})
        for person, answer in (answers["new"] or {}).items():
            if person in found and answer == "declined" != (answers["old"] or {}).get(person):
                found[person] = changes.get("reason", {}).get("new")
    return found


def with_fields(body: str, fields: Mapping[str, Any]) -> str:
    """Return a JSON object with more fields at its end."""
    return f"{body.rstrip()[:-1]},{orjson.dumps(fields, option=orjson.OPT_UTC_Z).decode()[1:]}"
