"""Suspensions: a channel whose address bounced is not used for that person until they set it anew."""

from collections.abc import Collection, Sequence

from notifications.preferences import EMAIL, IN_APP, PUSH, SMS, Preferences
from notifications.rules import Decision

SUSPENDABLE = frozenset((EMAIL, SMS, PUSH))  # in-app has no address
_INSTEAD = Decision(IN_APP, True, "always", "in-app, because the address of another channel bounced")


def reachable(chosen: Sequence[Decision], suspended: Collection[str]) -> list[Decision]:
    """Return the chosen channels without suspended ones; in-app if none of them is left."""
    left = [one for one in chosen if one.channel not in suspended]
    return left if left or not chosen else [_INSTEAD]


def restored_by(before: Preferences, after: Preferences) -> set[str]:
    """Return the channels whose switches differ, for all types or for one."""
    return {
        channel
        for channel in _channels(before) | _channels(after)
        if _switches(before, channel) != _switches(after, channel)
    }


def _channels(preferences: Preferences) -> set[str]:
    return {*preferences.channels}.union(*preferences.types.values())


def _switches(preferences: Preferences, channel: str) -> dict[str, bool]:
    """Return the switches of a channel by type; the empty name stands for all types."""
    by_type = {"": preferences.channels, **preferences.types}
    return {kind: switches[channel] for kind, switches in by_type.items() if channel in switches}
