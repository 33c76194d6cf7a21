"""The words of a call, looked at right before it is made."""

from datetime import datetime
from typing import Any

import orjson

from notifications.dates_and_times import time_until
from notifications.templates.catalogue import missing
from services.notifier.store.queue import Checked


def holes(looked: Checked) -> list[str]:
    """The variables that its text needs and does not have."""
    return missing(looked.delivery.template_id, _read(looked)["template_data"])


def body_of(looked: Checked, now: datetime) -> bytes:
    """The JSON of the call. What waited says how much time is left since then, which a second try repeats byte by byte."""
    delivery = looked.delivery
    if delivery.held_until is None:
        return looked.body
    body = _read(looked)
    data = body["template_data"]
    if "time_until" not in data:
        return looked.body
    since = min(delivery.held_until, now)  # it may have been let go early
    data["time_until"] = time_until(delivery.starts_at, since, body.get("locale") or "en")
    return orjson.dumps(body)


def _read(looked: Checked) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(looked.body)
    return body
