"""When a message waits, and for how long: decided when it is planned, and looked at again right before each call."""

from dataclasses import dataclass
from datetime import datetime

from notifications import rules
from notifications.dates_and_times import zone
from notifications.preferences import IN_APP, Organization, Preferences
from notifications.quiet_hours import waits_until


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is sent before `until` (UTC); `reason` in plain words."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a message decides whether it waits. `timezone`: the recipient's, as Identity knows it."""

    channel: str
    priority: str
    timezone: str
    starts_at: datetime
    expires_at: datetime


def hold(message: Waiting, own: Preferences, organization: Organization, now: datetime) -> Hold | None:
    """Why and until when a message waits, or None: it goes out now.

    In-app is written at once, and what is urgent disturbs. What would come when the appointment has begun (or, sent
    during or after it, when the message is of no use any more) is not held back.
    """
    if message.channel == IN_APP or message.priority == "high":
        return None
    place = rules.timezone(own, organization) or message.timezone
    until = waits_until(now, rules.quiet_hours(own, organization), zone(place))
    of_use = message.starts_at if now < message.starts_at else message.expires_at
    if until is None or until >= of_use:
        return None
    return Hold(until, f"quiet hours until {until.astimezone(zone(place)):%H:%M} ({place})")
