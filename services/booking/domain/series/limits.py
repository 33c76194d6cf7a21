"""Limits of a series: as much as one transaction holds well within its time limits."""

import json
from typing import Any

from services.booking.domain.model.decision import Refusal, invalid
from services.booking.domain.model.recurring_series import CONTENT_MAX, PLACES_MAX


def refusal_for_places(people: int, occurrences: int, field: str) -> Refusal | None:
    """Reject more people times occurrences than one transaction holds."""
    if people * occurrences <= PLACES_MAX:
        return None
    return invalid(
        field,
        "too_many_places",
        f"The number of people times the number of occurrences can be at most {PLACES_MAX}.",
    )


def refusal_for_content(content: Any, occurrences: int, field: str) -> Refusal | None:
    """Reject more bytes of content times occurrences than one transaction holds; `content` is counted as
    JSON.
    """
    size = len(json.dumps(content, ensure_ascii=False, default=str).encode())
    if size * occurrences <= CONTENT_MAX:
        return None
    return invalid(
        field,
        "too_much_content",
        f"The bytes of content times the number of occurrences can be at most {CONTENT_MAX}.",
    )
