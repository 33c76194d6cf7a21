"""Types that several messages share: text without control characters, zones, instants, channels, limits."""

import json
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from contracts.envelope import rfc3339

# The limits of ARCHITECTURE.md, "Limits"; widths of title, location and zone: docs/requirements.md#title.
TITLE_MAX = 200
DESCRIPTION_MAX = 10_000
LOCATION_MAX = 500
URL_MAX = 2_000
REASON_MAX = 1_000
ANNOUNCEMENT_MAX = 2_000
TIMEZONE_MAX = 50
PARTICIPANTS_MAX = 500
SEATS_MAX = 500
CUSTOM_FIELDS_BYTES_MAX = 16_384
CUSTOM_FIELDS_DEPTH_MAX = 5
LEAD_TIMES_MAX = 10
LEAD_MINUTES_MAX = 43_200


class CommandBody(BaseModel):
    """The body of a command or request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EventBody(BaseModel):
    """The body of a published message: readers ignore unknown fields, so that fields can be added."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Channel(StrEnum):
    """How a notification reaches a person (docs/requirements.md#channels)."""

    EMAIL = "email"
    SMS = "sms"
    IN_APP = "in_app"
    PUSH = "push"


class Status(StrEnum):
    """The state of an appointment; the last three are final."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


class Confirmation(StrEnum):
    """A participant's response."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


def _no_control_characters(allowed: str) -> AfterValidator:
    def check(text: str) -> str:
        if text.isprintable():  # the fast path: C code, and nearly all text
            return text
        for character in text:
            code = ord(character)
            if (code < 32 or 127 <= code < 160) and character not in allowed:
                raise PydanticCustomError("control_character", "Control characters are not allowed")
            if 0xD800 <= code <= 0xDFFF:
                raise PydanticCustomError("invalid_text", "The text is not valid Unicode")
        return text

    return AfterValidator(check)


def _wall_clock_or_instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or "T" not in value.upper() or len(value) > 40:
        raise PydanticCustomError(
            "datetime", "Expected an RFC 3339 date and time such as 2027-01-31T09:00:00+01:00"
        )
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError(
            "datetime", "Expected an RFC 3339 date and time such as 2027-01-31T09:00:00+01:00"
        ) from error


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise PydanticCustomError("unknown_timezone", "Unknown IANA time zone")
    return name


def _http_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url
    except ValueError:
        valid = False
    if not valid:
        raise PydanticCustomError("url", "Expected an http or https address")
    return url


def _is_deep(value: Any) -> bool:
    """Return whether it nests beyond the limit; level by level, because deep input can exhaust a recursion."""
    level: list[Any] = [value]
    for _ in range(CUSTOM_FIELDS_DEPTH_MAX):
        nested = [
            item.values() if isinstance(item, dict) else item
            for item in level
            if isinstance(item, dict | list)
        ]
        level = [child for children in nested for child in children]
    return any(isinstance(item, dict | list) for item in level)


def _encoded(fields: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError:  # integers beyond 64 bits are JSON, too
        pass
    try:
        return json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, UnicodeEncodeError) as error:
        raise PydanticCustomError("invalid_json", "Custom fields must be plain JSON") from error


def _small(fields: dict[str, Any]) -> dict[str, Any]:
    if not fields:
        return fields
    if any(isinstance(value, dict | list) for value in fields.values()) and _is_deep(fields):
        raise PydanticCustomError("too_deep", "Custom fields nest at most 5 levels")
    encoded = _encoded(fields)
    if len(encoded) > CUSTOM_FIELDS_BYTES_MAX:
        raise PydanticCustomError("too_large", "Custom fields take at most 16 KB")
    if b"\\u0000" in encoded:
        raise PydanticCustomError("control_character", "Control characters are not allowed")
    return fields


def _unique(items: list[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


Instant = Annotated[
    AwareDatetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""An instant; written in UTC as RFC 3339."""

When = Annotated[datetime, BeforeValidator(_wall_clock_or_instant, json_schema_input_type=str)]
"""A time in a request: an instant with an offset, or wall-clock time without one, which the time zone decides."""

Timezone = Annotated[str, StringConstraints(max_length=TIMEZONE_MAX), AfterValidator(_known_zone)]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX),
    _no_control_characters(""),
]
Description = Annotated[str, StringConstraints(max_length=DESCRIPTION_MAX), _no_control_characters("\n\t")]
Location = Annotated[str, StringConstraints(max_length=LOCATION_MAX), _no_control_characters("")]
Reason = Annotated[str, StringConstraints(max_length=REASON_MAX), _no_control_characters("\n\t")]
Announcement = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=ANNOUNCEMENT_MAX),
    _no_control_characters("\n\t"),
]
MeetingUrl = Annotated[
    str, StringConstraints(max_length=URL_MAX), _no_control_characters(""), AfterValidator(_http_url)
]
CustomFields = Annotated[dict[str, Any], AfterValidator(_small)]
Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=35)]

Seats = Annotated[int, Field(strict=True, ge=1, le=SEATS_MAX)]
"""How many participants an appointment has room for, the organizer not among them."""

LeadMinutes = Annotated[int, Field(strict=True, ge=0, le=LEAD_MINUTES_MAX)]
LeadTimes = Annotated[list[LeadMinutes], Field(max_length=LEAD_TIMES_MAX), AfterValidator(_unique)]
ReminderSettings = dict[Channel, LeadTimes]
"""Minutes before the start, for each channel; an empty list means no reminder on that channel."""

DEFAULT_REMINDERS: dict[str, tuple[int, ...]] = {"email": (1440, 60), "sms": (60,), "in_app": (1440, 60, 15)}
"""Minutes before the start where `reminder_settings` is null (docs/requirements.md#default-reminders)."""
