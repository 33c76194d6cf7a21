"""On which channels a person is told something, and where to turn when a channel gives up."""

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
    """What is decided about each channel that the template has a text for and that is meant (None: all), in a fixed order."""
    return [
        decide(kind, channel, own, organization)
        for channel in CHANNELS
        if channel in TEMPLATE_CHANNELS[template_id] and (meant is None or channel in meant)
    ]


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
    """Where to turn when `channel` gave up on an urgent notification: from e-mail to SMS, from there to in-app.

    Never to a channel that somebody switched off, or that is suspended because its address bounced. SMS is off by
    default, but where nobody said anything about it, it has not been refused, and is the last resort. Whether the
    notification is on that channel already, the caller knows.
    """
    if priority != "high":
        return None
    for other in _NEXT.get(channel, ()):
        decision = decide(kind, other, own, organization)
        possible = other in TEMPLATE_CHANNELS[template_id] and other not in suspended
        if possible and (decision.on or decision.level == "default"):
            return other
    return None
