"""Holds during quiet hours, decided at planning and again right before each call."""

from dataclasses import dataclass
from datetime import datetime

from notifications import rules
from notifications.dates_and_times import zone
from notifications.preferences import IN_APP, Organization, Preferences
from notifications.quiet_hours import waits_until


@dataclass(frozen=True, slots=True)
class Hold:
    """The delivery is not sent before `until` (UTC); `reason` in plain words."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The part of a notification that decides about holds. `timezone`: the recipient's, from Identity."""

    channel: str
    priority: str
    timezone: str
    starts_at: datetime
    expires_at: datetime


def hold(message: Waiting, own: Preferences, organization: Organization, now: datetime) -> Hold | None:
    """Return the hold of a message, or None to send it now.

    In-app and urgent messages are never held. A message is not held either if it would then come after the
    start of the appointment (or, once that has started, after the message has become useless).
    """
    if message.channel == IN_APP or message.priority == "high":
        return None
    place = rules.timezone(own, organization) or message.timezone
    until = waits_until(now, rules.quiet_hours(own, organization), zone(place))
    of_use = message.starts_at if now < message.starts_at else message.expires_at
    if until is None or until >= of_use:
        return None
    return Hold(until, f"quiet hours until {until.astimezone(zone(place)):%H:%M} ({place})")
