"""Notification preferences of a person, and of an organization for its people.

An omitted field, or a switch of null, follows the next level: the organization's defaults, then those of
docs/requirements.md#default-channels.
"""

from datetime import time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from contracts.fields import Channel, CommandBody, EventBody, LeadTimes, Locale, Timezone
from contracts.notifications import NotificationType


def _time_of_day(text: str) -> str:
    time.fromisoformat(text)
    return text


TimeOfDay = Annotated[
    str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), AfterValidator(_time_of_day)
]
"""`HH:MM` on a wall clock."""


class ChannelSwitches(CommandBody):
    """Channels that a person wants; in-app is always on. Defaults: docs/requirements.md#default-channels."""

    email: bool | None = Field(None, strict=True)
    sms: bool | None = Field(None, strict=True)
    push: bool | None = Field(None, strict=True)


class QuietHours(CommandBody):
    """Hours in which normal messages wait, on the person's wall clock; over midnight if the end is the earlier."""

    start: TimeOfDay
    end: TimeOfDay

    @model_validator(mode="after")
    def _has_length(self) -> "QuietHours":
        if self.start == self.end:
            raise PydanticCustomError("zero_length", "Quiet hours must not end when they start")
        return self


class Digest(CommandBody):
    """One message a day, at that time on the person's wall clock, instead of many."""

    enabled: bool = Field(False, strict=True)
    at: TimeOfDay = "18:00"


def none_at_all(value: Any) -> Any:
    """Return null quiet hours for those of false."""
    return None if value is False else value


class PreferenceFields(CommandBody):
    """Preferences as they are set. Omitted fields follow the organization; quiet hours of null or false mean
    none at all.
    """

    timezone: Timezone | None = None
    locale: Locale | None = None
    channels: ChannelSwitches = Field(default_factory=ChannelSwitches)
    types: dict[NotificationType, ChannelSwitches] = Field(default_factory=dict)
    lead_times: dict[Channel, LeadTimes] = Field(default_factory=dict)
    quiet_hours: Annotated[
        QuietHours | None,
        BeforeValidator(none_at_all, json_schema_input_type=QuietHours | Literal[False] | None),
    ] = None
    digest: Digest | None = None


ExpectedVersion = Annotated[
    int | None, Field(ge=0, description="Of the preferences to replace; 0: never set.")
]


class SetPreferences(PreferenceFields):
    """Replace the actor's preferences; `expected_version` guards against a stale view."""

    expected_version: ExpectedVersion = None


class SetOrganizationPreferences(CommandBody):
    """Replace the preferences of the actor's organization; for its admins only."""

    defaults: PreferenceFields = Field(default_factory=PreferenceFields)
    mandatory: dict[NotificationType, list[Channel]] = Field(default_factory=dict)
    expected_version: ExpectedVersion = None


class Preferences(EventBody):
    """Preferences as they stand; `version` counts changes from 1 (0: never set)."""

    timezone: str | None = None
    locale: str | None = None
    channels: ChannelSwitches = Field(default_factory=ChannelSwitches)
    types: dict[str, ChannelSwitches] = Field(default_factory=dict)
    lead_times: dict[str, list[int]] = Field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    digest: Digest | None = None
    version: int = Field(0, ge=0)


class OrganizationPreferences(EventBody):
    """The current preferences of an organization."""

    defaults: Preferences = Field(default_factory=Preferences)
    mandatory: dict[str, list[str]] = Field(default_factory=dict)
    version: int = Field(0, ge=0)


class PreferencesChanged(EventBody):
    """Body of `preferences.changed` on notifier.events (and of its echo on projector.events)."""

    user_id: UUID
    version: int = Field(ge=1)
    preferences: Preferences


class OrganizationPreferencesChanged(EventBody):
    """Body of `organization_preferences.changed` on notifier.events."""

    organization_id: UUID
    version: int = Field(ge=1)
    preferences: OrganizationPreferences


def set_fields(preferences: CommandBody | EventBody) -> dict[str, Any]:
    """Return the JSON of the set fields only."""
    return preferences.model_dump(mode="json", exclude_unset=True)
