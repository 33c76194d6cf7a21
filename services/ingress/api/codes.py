"""Every stable code that the API answers, for programs that put them into words: contracts/codes.json."""

import json
from typing import Any, get_args

from contracts.fields import Confirmation, Status
from contracts.notifications import DeliveryState, NotificationType
from notifications.rules import CODES as PREFERENCE_CODES
from notifications.rules import Level
from services.ingress.domain.problems import CODES

# Codes of pydantic for what bodies and queries can have, then our own. Each is a `code` in `errors`.
_OF_TYPES = (
    "bool_type",
    "date_from_datetime_parsing",
    "date_type",
    "dict_type",
    "enum",
    "extra_forbidden",
    "finite_number",
    "float_type",
    "greater_than_equal",
    "int_from_float",
    "int_parsing",
    "int_type",
    "less_than_equal",
    "list_type",
    "literal_error",
    "missing",
    "model_type",
    "string_pattern_mismatch",
    "string_too_long",
    "string_too_short",
    "string_type",
    "time_parsing",
    "time_type",
    "too_long",
    "too_short",
    "uuid_parsing",
    "uuid_type",
    "value_error",
)
_OWN = (
    "control_character",
    "cursor",
    "date",
    "datetime",
    "duplicate",
    "empty",
    "encoding",
    "end_before_start",
    "exists",
    "in_the_past",
    "invalid_json",
    "invalid_text",
    "malformed",
    "more_than_seats",
    "no_occurrence",
    "no_source",
    "no_text",
    "nonexistent_time",
    "not_a_calendar",
    "object",
    "one_end",
    "one_form",
    "organizer",
    "out_of_range",
    "overlap",
    "overlaps",
    "range",
    "required",
    "scope",
    "subscribed",
    "too_deep",
    "too_far",
    "too_large",
    "too_many",
    "too_many_places",
    "too_many_subscriptions",
    "too_much",
    "too_much_content",
    "unknown_timezone",
    "unknown_user",
    "unknown_value",
    "url",
    "uuid",
    "zero_length",
)
REASONS = (
    "between_steps",
    "beyond_horizon",
    "buffer",
    "busy",
    "busy_elsewhere",
    "day_closed",
    "held",
    "in_the_past",
    "max_per_day",
    "minimum_notice",
    "outside_hours",
    "outside_override",
    "too_far",
    "too_long",
    "too_short",
)
"""Why a time is not offered. A refused time has them as `code` in `errors`, too."""
FIELDS = tuple(sorted({*_OF_TYPES, *_OWN}))


def codes() -> dict[str, Any]:
    """Return all codes by their kind."""
    return {
        "problems": {code: {"status": status, "title": title} for code, (status, title) in CODES.items()},
        "fields": list(FIELDS),
        "reasons": list(REASONS),
        "levels": list(get_args(Level)),
        "preferences": list(PREFERENCE_CODES),
        "notification_types": [kind.value for kind in NotificationType],
        "delivery_states": [state.value for state in DeliveryState],
        "statuses": [status.value for status in Status],
        "responses": [answer.value for answer in Confirmation],
    }


def text() -> str:
    """Return contracts/codes.json."""
    return json.dumps(codes(), indent=2) + "\n"
