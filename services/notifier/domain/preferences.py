"""Setting preferences: what becomes of them."""

from dataclasses import replace
from typing import TypeVar

from notifications.preferences import Organization, Preferences

T = TypeVar("T", Preferences, Organization)


def after_setting(known: T, asked: T) -> T:
    """The preferences of a person or an organization after these were asked for: the same object when nothing changes.

    The first word is a change even when it says the defaults: from then on they are their own.
    """
    if known.version > 0 and replace(asked, version=known.version) == known:
        return known
    return replace(asked, version=known.version + 1)
