"""The request for one reminder to a Communication Service that schedules by itself."""

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
    """Return the fields of docs/requirements.md#schedule, with the recipient, start and variables.

    `state` and `people` as events carry them; `timezone` and `locale` as the recipient chose them, None: as
    Identity has them. Minutes are elapsed time: a day before is not 1,440 of them across a clock change.
    """
    recipient = people.get(str(timer.recipient_id), {})
    place = timezone or recipient.get("timezone") or state["timezone"]
    language = locale or recipient.get("locale") or "en"
    data = _variables(timer, state, people, place, language, frontend_url)
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
        "locale": language,
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
