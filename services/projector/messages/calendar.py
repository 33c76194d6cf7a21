"""The message that a change of an appointment is shown: what live calendars need to show it, too."""

from typing import Any

import orjson

from contracts.views import CalendarChanged, CalendarEntry, Times
from services.projector.domain.calendar import Change


def calendar_changed(change: Change) -> CalendarChanged:
    """Return the body of `calendar.changed`."""
    now = orjson.loads(change.body)
    return CalendarChanged(
        appointment_id=change.appointment_id,
        version=change.version,
        change=change.change,
        user_ids=list(change.audience),
        appointment=CalendarEntry.model_validate(now),
        was=_before(now, orjson.loads(change.changes)),
    )


def _before(now: dict[str, Any], changes: list[dict[str, Any]]) -> Times | None:
    """Return the times before the change; None if they are the same."""
    old = {
        change["field"]: change["old"] for change in changes if change["field"] in ("start_time", "end_time")
    }
    if not all(isinstance(value, str) for value in old.values()) or not old:
        return None  # a new appointment has no times before
    return Times.model_validate({"start_time": now["start_time"], "end_time": now["end_time"], **old})
