"""A reminder as a Communication Service that schedules by itself is asked for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from notifications.dates_and_times import date_of, time_of, time_until
from notifications.templates.catalogue import TEMPLATE_OF, VARIABLES
from services.reminders.domain.channels import REMINDER
from services.reminders.domain.timers import Timer

ENTITY_TYPE = "appointment"
TEMPLATE = TEMPLATE_OF[REMINDER]


def schedule_body(
    timer: Timer,
    state: Mapping[str, Any],
    people: Mapping[str, Mapping[str, Any]],
    timezone: str | None,
    locale: str | None,
    frontend_url: str,
) -> dict[str, Any]:
    """The requirements' fields, and what the service needs to do without us: for whom, before which instant, with which words.

    `state` and `people` as events carry them; `timezone` and `locale` as the recipient chose them, None as Identity
    knows. The minutes are those that really lie between: a day before over a clock change is not always 1,440.
    """
    recipient = people.get(str(timer.recipient_id), {})
    place = timezone or recipient.get("timezone") or state["timezone"]
    spoken = locale or recipient.get("locale") or "en"
    data = _variables(timer, state, people, place, spoken, frontend_url)
    return {
        "entity_type": ENTITY_TYPE,
        "entity_id": str(timer.appointment_id),
        "reminder_times": [round((timer.start - timer.due_at) / timedelta(minutes=1))],
        "channels": list(timer.channels),
        "template_id": TEMPLATE,
        "type": REMINDER,
        "recipients": [str(timer.recipient_id)],
        "start_time": state["start_time"],
        "template_data": {name: data[name] for name in VARIABLES[TEMPLATE]},
        "locale": spoken,
    }


def _variables(
    timer: Timer,
    state: Mapping[str, Any],
    people: Mapping[str, Mapping[str, Any]],
    place: str,
    locale: str,
    frontend_url: str,
) -> dict[str, str]:
    notes = state["custom_fields"].get("preparation_notes")
    identity = str(timer.appointment_id)
    return {
        "recipient_name": people.get(str(timer.recipient_id), {}).get("name", ""),
        "organizer_name": people.get(state["organizer_id"], {}).get("name", ""),
        "appointment_id": identity,
        "appointment_title": state["title"],
        "appointment_date": date_of(timer.start, place, locale),
        "appointment_time": time_of(timer.start, datetime.fromisoformat(state["end_time"]), place),
        "time_until": time_until(timer.start, timer.due_at, locale),
        "location": state["location"],
        "meeting_url": state["meeting_url"],
        "preparation_notes": notes if isinstance(notes, str) else "",
        "appointment_link": f"{frontend_url.rstrip('/')}/appointments/{identity}",
    }
