"""Availability and holds as the API answers them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

_AVAILABILITY = ("user_id", "timezone", "rules", "overrides", "policy", "version")
_HOLD = ("id", "expires_at", "start_time", "end_time", "user_ids")


def availability_body(availability: Mapping[str, Any]) -> dict[str, Any]:
    """Return a person's availability with its version."""
    return {name: availability[name] for name in _AVAILABILITY}


def hold_body(hold: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a hold as its owner sees it, with the clock that its end is measured by."""
    return {**{name: hold[name] for name in _HOLD}, "now": now}
