"""Setting preferences: what becomes of them."""

from dataclasses import replace

from notifications.preferences import Preferences


def after_setting(known: Preferences, asked: Preferences) -> Preferences:
    """The preferences after someone asked for these: the same object when nothing changes.

    The first word is a change even when it says the defaults: from then on they are the person's own.
    """
    if known.version > 0 and replace(asked, version=known.version) == known:
        return known
    return replace(asked, version=known.version + 1)
