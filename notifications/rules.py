"""Precedence of preferences: the more specific level wins, and an organization's mandatory channels win over
all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from notifications.preferences import (
    EMAIL,
    IN_APP,
    PUSH,
    SMS,
    Digest,
    Organization,
    Preferences,
    QuietHours,
)

Level = Literal["always", "mandatory", "type", "person", "organization", "default", "template", "suspended"]

SWITCHED = ("type", "person", "organization", "default")
"""Levels at which a channel is switched on or off."""

CODES = (
    "always",
    "mandatory",
    *(f"{level}_{word}" for level in SWITCHED for word in ("on", "off")),
    "template",
    "suspended",
)
"""Stable names of the sentences of decisions."""

# E-mail on, SMS and push off unless preferences differ: docs/requirements.md#default-channels.
BY_DEFAULT: Mapping[str, bool] = {EMAIL: True, SMS: False, PUSH: False}


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision on a channel for a type of notification: used or not, the deciding level, and a sentence on
    it.
    """

    channel: str
    on: bool
    level: Level
    reason: str

    @property
    def code(self) -> str:
        """Return the stable name of the sentence."""
        return f"{self.level}_{_word(self.on)}" if self.level in SWITCHED else self.level


def decide(kind: str, channel: str, own: Preferences, organization: Organization) -> Decision:
    """The one rule: mandatory, the person for this type, the person, the organization for this type, the
    organization.

    In-app is always on, so that everything can be read somewhere.
    """
    if channel == IN_APP:
        return Decision(channel, True, "always", "in-app messages are always written")
    if channel in organization.mandatory.get(kind, ()):
        return Decision(channel, True, "mandatory", "mandatory in the organization")
    of_type = own.types.get(kind, {}).get(channel)
    if of_type is not None:
        return Decision(channel, of_type, "type", f"switched {_word(of_type)} by the person for this type")
    of_person = own.channels.get(channel)
    if of_person is not None:
        return Decision(channel, of_person, "person", f"switched {_word(of_person)} by the person")
    defaults = organization.defaults
    of_organization = defaults.types.get(kind, {}).get(channel, defaults.channels.get(channel))
    if of_organization is not None:
        return Decision(
            channel, of_organization, "organization", f"{_word(of_organization)} in the organization"
        )
    on = BY_DEFAULT[channel]
    return Decision(channel, on, "default", f"{_word(on)} by default")


def effective(own: Preferences, organization: Organization) -> Preferences:
    """A person's effective preferences, all levels taken together; zone and locale may still come from
    Identity.
    """
    defaults = organization.defaults
    kinds = {*defaults.types, *own.types}
    return Preferences(
        timezone=timezone(own, organization),
        locale=locale(own, organization),
        channels={**BY_DEFAULT, **defaults.channels, **own.channels},
        types={kind: {**defaults.types.get(kind, {}), **own.types.get(kind, {})} for kind in sorted(kinds)},
        lead_times={**defaults.lead_times, **own.lead_times},
        quiet_hours=quiet_hours(own, organization),
        says_quiet_hours=True,
        digest=digest(own, organization) or Digest(),
        version=own.version,
    )


def timezone(own: Preferences, organization: Organization) -> str | None:
    """The chosen zone; None follows Identity's."""
    return own.timezone or organization.defaults.timezone


def locale(own: Preferences, organization: Organization) -> str | None:
    """The chosen language; None follows Identity's."""
    return own.locale or organization.defaults.locale


def quiet_hours(own: Preferences, organization: Organization) -> QuietHours | None:
    """The quiet hours; None if there are none, also by the person's explicit choice."""
    return own.quiet_hours if own.says_quiet_hours else organization.defaults.quiet_hours


def digest(own: Preferences, organization: Organization) -> Digest | None:
    """The digest setting of the person, or else of the organization; None if neither has one."""
    return own.digest or organization.defaults.digest


def lead_times(
    own: Preferences,
    organization: Organization,
    asked: Mapping[str, tuple[int, ...]] | None,
    defaults: Mapping[str, tuple[int, ...]],
) -> dict[str, tuple[int, ...]]:
    """Return minutes before the start for each channel: the person's, else the appointment's, else the
    defaults.

    The appointment's lead times replace the defaults whole; a person's lead times replace those of one
    channel.
    """
    found = dict(asked) if asked else {**defaults, **organization.defaults.lead_times}
    return {**found, **own.lead_times}


def _word(on: bool) -> str:
    return "on" if on else "off"
