"""A channel whose address bounced is not used for that person, until they say something new about it."""

from collections.abc import Collection, Sequence

from notifications.preferences import EMAIL, IN_APP, PUSH, SMS, Preferences
from notifications.rules import Decision

SUSPENDABLE = frozenset((EMAIL, SMS, PUSH))  # in-app has no address
_INSTEAD = Decision(IN_APP, True, "always", "in-app, because the address of another channel bounced")


def reachable(chosen: Sequence[Decision], suspended: Collection[str]) -> list[Decision]:
    """The channels that are used without those that are suspended; who is left with none is told in-app."""
    left = [one for one in chosen if one.channel not in suspended]
    return left if left or not chosen else [_INSTEAD]


def restored_by(before: Preferences, after: Preferences) -> set[str]:
    """The channels about which somebody says something else than before, for all types or for one."""
    return {
        channel
        for channel in _spoken_of(before) | _spoken_of(after)
        if _switches(before, channel) != _switches(after, channel)
    }


def _spoken_of(preferences: Preferences) -> set[str]:
    return {*preferences.channels}.union(*preferences.types.values())


def _switches(preferences: Preferences, channel: str) -> dict[str, bool]:
    """What was said of a channel: for each type, and for all of them under an empty name."""
    said = {"": preferences.channels, **preferences.types}
    return {kind: switches[channel] for kind, switches in said.items() if channel in switches}
