"""The content of a call, completed right before it is made."""

from datetime import datetime
from typing import Any

import orjson

from notifications.dates_and_times import time_until
from notifications.templates.catalogue import missing
from services.notifier.store.checked import Checked


def missing_variables(looked: Checked) -> list[str]:
    """Return the names of the variables that the template requires and the content lacks."""
    return missing(looked.delivery.template_id, _read(looked)["template_data"])


def body_of(looked: Checked, now: datetime) -> bytes:
    """Return the JSON of the call.

    Of a delivery that was held, recompute `time_until` as of the release time, so a retry sends identical
    bytes.
    """
    delivery = looked.delivery
    if delivery.held_until is None:
        return looked.body
    body = _read(looked)
    data = body["template_data"]
    if "time_until" not in data:
        return looked.body
    released = min(delivery.held_until, now)  # new preferences may release it early
    data["time_until"] = time_until(delivery.starts_at, released, body.get("locale") or "en")
    return orjson.dumps(body)


def _read(looked: Checked) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(looked.body)
    return body
