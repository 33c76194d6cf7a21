"""For a person and a type of notification: on which channels it comes, and why."""

from collections.abc import Mapping

from notifications.preferences import CHANNELS, IN_APP, Organization, Preferences
from notifications.rules import Decision, decide
from notifications.templates.catalogue import TEMPLATE_CHANNELS, TEMPLATE_OF

KINDS = tuple(TEMPLATE_OF)
"""The types that there are."""


def explain(
    kind: str, own: Preferences, organization: Organization, suspended: Mapping[str, str]
) -> list[Decision]:
    """Return the state of each channel, in a fixed order. suspended: channels with a failing address, and the
    failure.
    """
    return [_explained(kind, channel, own, organization, suspended) for channel in CHANNELS]


def _explained(
    kind: str, channel: str, own: Preferences, organization: Organization, suspended: Mapping[str, str]
) -> Decision:
    decision = decide(kind, channel, own, organization)
    if channel not in TEMPLATE_CHANNELS[TEMPLATE_OF[kind]]:
        return Decision(channel, False, "template", "this type has no text for this channel")
    if decision.on and channel in suspended and channel != IN_APP:
        return Decision(channel, False, "suspended", f"suspended: {suspended[channel]}")
    return decision
