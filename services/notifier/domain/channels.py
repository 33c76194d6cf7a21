"""On which channels a person is told something, and where to turn when a channel gives up."""

from services.notifier.domain.kinds import CHANNELS, EMAIL, IN_APP, PUSH, SMS, TEMPLATE_CHANNELS
from services.notifier.domain.model import Preferences


def switched_on(preferences: Preferences) -> frozenset[str]:
    """The channels a person has on: in-app always, the others as they say or by default."""
    wanted = {EMAIL: preferences.email, SMS: preferences.sms, PUSH: preferences.push}
    return frozenset({IN_APP} | {channel for channel, on in wanted.items() if on})


def channels_for(
    preferences: Preferences, template_id: str, meant: frozenset[str] | None = None
) -> list[str]:
    """The channels for one notification, in a fixed order: on, with a text in the template, and meant (None: all)."""
    on = switched_on(preferences)
    return [
        channel
        for channel in CHANNELS
        if channel in on and channel in TEMPLATE_CHANNELS[template_id] and (meant is None or channel in meant)
    ]


_NEXT = {EMAIL: (SMS, IN_APP), SMS: (IN_APP,)}


def fallback_for(priority: str, channel: str, template_id: str, preferences: Preferences) -> str | None:
    """Where to turn when `channel` gave up on an urgent notification: from e-mail to SMS, from there to in-app.

    Never to a channel that the person switched off. SMS is off by default, but who never said anything about it has
    not refused it, and gets it as a last resort. Whether the notification is on that channel already, the caller knows.
    """
    if priority != "high":
        return None
    refused = preferences.version > 0 and not preferences.sms
    possible = (
        other
        for other in _NEXT.get(channel, ())
        if other in TEMPLATE_CHANNELS[template_id] and not (other == SMS and refused)
    )
    return next(possible, None)
