"""The effect of commands that set preferences."""

from dataclasses import replace
from typing import TypeVar

from notifications.preferences import Organization, Preferences

T = TypeVar("T", Preferences, Organization)


def after_setting(known: T, requested: T) -> T:
    """Return the preferences after a command that sets them: the same object if nothing changes.

    The first command of a person or organization is a change even if it sets the defaults, which are then
    explicit.
    """
    if known.version > 0 and replace(requested, version=known.version) == known:
        return known
    return replace(requested, version=known.version + 1)
