"""The channels of a notification, and the fallbacks for those that fail."""

from collections.abc import Collection

from notifications.preferences import CHANNELS, EMAIL, IN_APP, SMS, Organization, Preferences
from notifications.rules import Decision, decide
from notifications.templates.catalogue import TEMPLATE_CHANNELS


def decisions(
    kind: str,
    template_id: str,
    own: Preferences,
    organization: Organization,
    meant: frozenset[str] | None = None,
) -> list[Decision]:
    """Return a decision for each channel of the template, in a fixed order; `meant` limits the channels."""
    return [
        decide(kind, channel, own, organization)
        for channel in CHANNELS
        if channel in TEMPLATE_CHANNELS[template_id] and (meant is None or channel in meant)
    ]


def reason_for_off(kind: str, channel: str, own: Preferences, organization: Organization) -> str | None:
    """Return the reason why notifications of that type do not use that channel, or None if they do."""
    decision = decide(kind, channel, own, organization)
    return None if decision.on else decision.reason


_NEXT = {EMAIL: (SMS, IN_APP), SMS: (IN_APP,)}


def fallback_for(
    kind: str,
    priority: str,
    channel: str,
    template_id: str,
    own: Preferences,
    organization: Organization,
    suspended: Collection[str] = (),
) -> str | None:
    """Return the channel of an urgent notification after `channel` failed: after e-mail SMS, then in-app.

    Channels that were switched off, or suspended after a bounce, are skipped. SMS is off by default, but as
    long as it was not switched off explicitly, it may be a fallback. The caller checks whether the
    notification is on that channel already.
    """
    if priority != "high":
        return None
    for other in _NEXT.get(channel, ()):
        decision = decide(kind, other, own, organization)
        possible = other in TEMPLATE_CHANNELS[template_id] and other not in suspended
        if possible and (decision.on or decision.level == "default"):
            return other
    return None
