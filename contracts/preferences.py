"""A person's notification preferences: channels, time zone, locale."""

from uuid import UUID

from pydantic import Field

from contracts.fields import Locale, Sent, Timezone, Told


class ChannelSwitches(Sent):
    """Which channels a person wants; in-app is always on. The requirements' default: e-mail yes, SMS and push no."""

    email: bool = Field(True, strict=True)
    sms: bool = Field(False, strict=True)
    push: bool = Field(False, strict=True)


class SetPreferences(Sent):
    """Replace the actor's preferences. A zone or locale of null follows what Identity knows."""

    timezone: Timezone | None = None
    locale: Locale | None = None
    channels: ChannelSwitches = Field(default_factory=ChannelSwitches)


class Preferences(Told):
    """The same as it stands; `version` counts changes from 1 (0: never set, all defaults)."""

    timezone: str | None = None
    locale: str | None = None
    channels: ChannelSwitches = Field(default_factory=ChannelSwitches)
    version: int = Field(0, ge=0)


class PreferencesChanged(Told):
    """Body of `preferences.changed` on notifier.events (and of its echo on projector.events)."""

    user_id: UUID
    version: int = Field(ge=1)
    preferences: Preferences
