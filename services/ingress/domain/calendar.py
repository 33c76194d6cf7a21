"""Appointments as a calendar shows them, to the person who looks at it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.ingress.domain.busy import clipped, merged

Row = Mapping[str, Any]
Item = dict[str, Any]

PEOPLE_NAMED = 20  # an appointment may have 500; `counts` has their number
_OCCUPYING = frozenset({"pending", "confirmed"})
_COPIED = (
    "id",
    "title",
    "start_time",
    "end_time",
    "timezone",
    "status",
    "organizer_id",
    "location",
    "version",
    "series_id",
    "original_start_time",
    "seats",
)


def entry(appointment: Mapping[str, Any]) -> Item:
    """Return an appointment (its JSON) as calendars show it to everybody who may see it."""
    responses: Mapping[str, str] = appointment["confirmation_status"]
    answers = list(responses.values())
    seats, declined = appointment.get("seats"), answers.count("declined")
    return {
        **{name: appointment.get(name) for name in _COPIED},
        "participant_ids": list(responses)[:PEOPLE_NAMED],
        "counts": {
            "participants": len(answers),
            "confirmed": answers.count("confirmed"),
            "declined": declined,
        },
        "free_seats": None if seats is None else max(0, seats - len(answers) + declined),
        "has_meeting_url": bool(appointment.get("meeting_url")),
    }


def place(appointment: Mapping[str, Any], viewer: str) -> Item:
    """Return the place of one person in an appointment: `role`, and `my_status` of a participant."""
    status = appointment["confirmation_status"].get(viewer)
    if viewer == appointment["organizer_id"]:
        role = "organizer"
    elif status is not None:
        role = "participant"
    else:
        role = "waiting" if viewer in appointment.get("waiting", ()) else "viewer"
    return {"role": role, "my_status": status if role == "participant" else None}


def item_for(appointment: Mapping[str, Any], viewer: str, admin: bool) -> Item | None:
    """Return an appointment as an item of this person's calendar; None if it is in no calendar of theirs."""
    where = place(appointment, viewer)
    theirs = where["role"] == "organizer" or where["my_status"] in ("pending", "confirmed")
    if appointment["status"] == "cancelled" or not (admin or theirs):
        return None
    return {**entry(appointment), **where}


def items(rows: Sequence[Row], viewer: UUID, start: datetime, end: datetime, several: bool) -> list[Item]:
    """Return the appointments that the viewer may see, each once, and others as busy ranges, ordered by start.

    `several`: more than one calendar is shown, so that a busy range names its person.
    """
    shown: dict[UUID, Item] = {}
    hidden: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for row in rows:
        if not row["shared"]:
            if row["status"] in _OCCUPYING:
                hidden.setdefault(row["user_id"], []).append((row["start_time"], row["end_time"]))
        elif row["id"] not in shown:
            appointment = orjson.loads(row["body"])
            shown[row["id"]] = {**entry(appointment), **place(appointment, str(viewer))}
    found: list[tuple[datetime, Item]] = [
        (datetime.fromisoformat(item["start_time"]), item) for item in shown.values()
    ]
    for person, ranges in hidden.items():
        whose = {"user_id": str(person)} if several else {}
        for low, high in merged(clipped(ranges, start, end)):
            found.append((low, {"start_time": low, "end_time": high, "busy": True, **whose}))
    return [item for _, item in sorted(found, key=lambda each: each[0])]


def people_of(found: Iterable[Item]) -> set[UUID]:
    """Return the people whom these items name."""
    named: set[UUID] = set()
    for item in found:
        named.update(map(UUID, item.get("participant_ids", ())))
        if "organizer_id" in item:
            named.add(UUID(item["organizer_id"]))
        elif "user_id" in item:
            named.add(UUID(item["user_id"]))
    return named
