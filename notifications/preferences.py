"""Preferences of a person, or of an organization for its people, and their JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

IN_APP, EMAIL, SMS, PUSH = "in_app", "email", "sms", "push"
CHANNELS = (IN_APP, EMAIL, SMS, PUSH)

Switches = Mapping[str, bool]
"""Channels that somebody switched on or off; a channel that is absent was not spoken of."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` on the person's wall clock, over midnight when the end is the earlier; never
    equal.
    """

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Digest:
    """One message a day instead of many, at that time on the person's wall clock."""

    enabled: bool = False
    at: time = time(18)


@dataclass(frozen=True, slots=True)
class Preferences:
    """Preferences of one level. None, or an absent channel, follows the next level.

    types: switches for one type of notification. lead_times: minutes before the start, for each channel.
    quiet_hours: None with `says_quiet_hours` means that there are none. version: counts changes from 1; 0:
    never set.
    """

    timezone: str | None = None
    locale: str | None = None
    channels: Switches = field(default_factory=dict)
    types: Mapping[str, Switches] = field(default_factory=dict)
    lead_times: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    says_quiet_hours: bool = False
    digest: Digest | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Organization:
    """Preferences of an organization. mandatory: channels of a type that its people cannot switch off."""

    defaults: Preferences = field(default_factory=Preferences)
    mandatory: Mapping[str, frozenset[str]] = field(default_factory=dict)
    version: int = 0


NOTHING_SAID = Preferences()
NO_RULES = Organization()


def preferences_of(body: Mapping[str, Any]) -> Preferences:
    """From the JSON of `contracts.preferences`, which has checked it; a switch of null counts as absent."""
    quiet, digest = body.get("quiet_hours"), body.get("digest")
    return Preferences(
        timezone=body.get("timezone"),
        locale=body.get("locale"),
        channels=_switches(body.get("channels")),
        types={
            kind: switches
            for kind, channels in (body.get("types") or {}).items()
            if (switches := _switches(channels))
        },
        lead_times={channel: tuple(leads) for channel, leads in (body.get("lead_times") or {}).items()},
        quiet_hours=QuietHours(time.fromisoformat(quiet["start"]), time.fromisoformat(quiet["end"]))
        if quiet
        else None,
        says_quiet_hours="quiet_hours" in body,
        digest=Digest(bool(digest.get("enabled")), time.fromisoformat(digest.get("at") or "18:00"))
        if digest
        else None,
        version=body.get("version") or 0,
    )


def body_of(preferences: Preferences) -> dict[str, Any]:
    """Return the JSON that `preferences_of` reads, with the set fields only."""
    body: dict[str, Any] = {
        "timezone": preferences.timezone,
        "locale": preferences.locale,
        "channels": dict(preferences.channels),
        "types": {kind: dict(switches) for kind, switches in preferences.types.items()},
        "lead_times": {channel: list(leads) for channel, leads in preferences.lead_times.items()},
        "version": preferences.version,
    }
    if preferences.says_quiet_hours:
        body["quiet_hours"] = quiet_hours_body(preferences.quiet_hours)
    if preferences.digest:
        body["digest"] = {"enabled": preferences.digest.enabled, "at": _clock(preferences.digest.at)}
    return body


def own_body(preferences: Preferences) -> dict[str, Any]:
    """Return the JSON of what was chosen, and of nothing else; quiet hours of false: none at all."""
    body = {name: value for name, value in body_of(preferences).items() if value not in (None, {})}
    del body["version"]
    if preferences.says_quiet_hours:
        body["quiet_hours"] = quiet_hours_body(preferences.quiet_hours) or False
    return body


def quiet_hours_body(quiet: QuietHours | None) -> dict[str, str] | None:
    """Return the JSON of quiet hours; None without any."""
    return {"start": _clock(quiet.start), "end": _clock(quiet.end)} if quiet else None


def organization_of(body: Mapping[str, Any]) -> Organization:
    """From the JSON of `contracts.preferences.OrganizationPreferences`."""
    return Organization(
        defaults=preferences_of(body.get("defaults") or {}),
        mandatory={kind: frozenset(channels) for kind, channels in (body.get("mandatory") or {}).items()},
        version=body.get("version") or 0,
    )


def organization_body(organization: Organization) -> dict[str, Any]:
    """The JSON that `organization_of` reads."""
    return {
        "defaults": body_of(organization.defaults),
        "mandatory": {kind: sorted(channels) for kind, channels in organization.mandatory.items()},
        "version": organization.version,
    }


def _switches(channels: Mapping[str, bool | None] | None) -> Switches:
    return {channel: on for channel, on in (channels or {}).items() if on is not None}


def _clock(at: time) -> str:
    return f"{at:%H:%M}"
