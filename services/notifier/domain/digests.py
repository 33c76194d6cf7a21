"""Digests: one message a day instead of many.

A digest belongs to a person and a day of their calendar, and there is at most one for each. Open digests are
decided anew from the present preferences, so a new hour or time zone moves them, and nothing is sent twice.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from uuid import UUID, uuid5

from notifications import rules
from notifications.dates_and_times import zone
from notifications.preferences import EMAIL, IN_APP, PUSH, Digest, Organization, Preferences
from notifications.quiet_hours import waits_until
from notifications.rules import Decision, decide
from services.notifier.domain.kinds import DIGEST


@dataclass(frozen=True, slots=True)
class Window:
    """The day of a digest on the person's calendar, its due time (UTC), and the reason in plain words."""

    day: date
    due: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """The part of a notification that decides about digests. `timezone`: the recipient's, from Identity."""

    type: str
    channel: str
    priority: str
    timezone: str
    starts_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """A digest that was not sent yet.

    `by_choice`: the person, or their organization, had switched digests on.
    """

    day: date
    timezone: str
    by_choice: bool


@dataclass(frozen=True, slots=True)
class Close:
    """Send the digest now, on this channel."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Release:
    """Drop the digest, and send each of its deliveries by itself."""


Review = Window | Close | Release


def digest_id(user_id: UUID, day: date) -> UUID:
    """Return the id of a person's one digest of a day, which is also the id of its delivery."""
    return uuid5(user_id, f"digest/{day.isoformat()}")


def is_chosen(own: Preferences, organization: Organization) -> bool:
    """True if digests are switched on for the person, however few messages there are."""
    return bool((found := rules.digest(own, organization)) and found.enabled)


def beyond(total: int, more: int, threshold: int) -> int:
    """Return how many of the last `more` of a day's `total` messages exceed the threshold.

    A threshold of 0: none.
    """
    return min(more, max(0, total - threshold)) if threshold else 0


def day_of(now: datetime, own: Preferences, organization: Organization, timezone: str) -> date:
    """Return the present day on the person's calendar."""
    return now.astimezone(_place(own, organization, timezone)).date()


def window_for(
    message: Message,
    own: Preferences,
    organization: Organization,
    now: datetime,
    closed: Collection[date],
    suspended: Collection[str] = (),
) -> Window | None:
    """Return the window of the first open digest that the message can wait for; None: send it by itself.

    Urgent and mandatory messages never wait, nor do messages about appointments that start before the digest
    is read.
    """
    if message.channel == IN_APP or message.priority == "high":
        return None
    if channel_for(own, organization, suspended) is None:
        return None
    if decide(message.type, message.channel, own, organization).level == "mandatory":
        return None
    window = _next(own, organization, message.timezone, now, closed)
    return window if window and can_wait(message, window, own, organization) else None


def can_wait(message: Message, window: Window, own: Preferences, organization: Organization) -> bool:
    """True if that digest comes in time, even if quiet hours hold the digest itself."""
    place = _place(own, organization, message.timezone)
    read = waits_until(window.due, rules.quiet_hours(own, organization), place) or window.due
    return read <= message.starts_at and read < message.expires_at


def review(
    digest: Open,
    own: Preferences,
    organization: Organization,
    now: datetime,
    suspended: Collection[str] = (),
) -> Review:
    """Decide about an open digest that is due, or whose person has new preferences.

    `suspended`: channels whose address bounced. If no other channel is left, the digest is dropped.
    """
    decision = channel_for(own, organization, suspended)
    if decision is None or (digest.by_choice and not is_chosen(own, organization)):
        return Release()
    window = _window(digest.day, own, organization, digest.timezone)
    return window if now < window.due else Close(decision)


def channel_for(
    own: Preferences, organization: Organization, suspended: Collection[str] = ()
) -> Decision | None:
    """Return the channel of the digest itself: e-mail, or push if e-mail is off; None: no channel is left."""
    decisions = (decide(DIGEST.type, channel, own, organization) for channel in (EMAIL, PUSH))
    return next((one for one in decisions if one.on and one.channel not in suspended), None)


def _next(
    own: Preferences, organization: Organization, timezone: str, now: datetime, closed: Collection[date]
) -> Window | None:
    """Return the first window from now on whose digest is open: today's or one of the next two days'."""
    today = day_of(now, own, organization, timezone)
    windows = (_window(today + timedelta(days=days), own, organization, timezone) for days in range(3))
    return next((window for window in windows if window.due > now and window.day not in closed), None)


def _window(day: date, own: Preferences, organization: Organization, timezone: str) -> Window:
    """Return the window of a day.

    A skipped time has the offset before the change; of a repeated one the first counts.
    """
    at = (rules.digest(own, organization) or Digest()).at
    due = datetime.combine(day, at, _place(own, organization, timezone)).astimezone(UTC)
    return Window(day, due, f"waits for the digest at {at:%H:%M} ({_named(own, organization, timezone)})")


def _place(own: Preferences, organization: Organization, timezone: str) -> tzinfo:
    return zone(_named(own, organization, timezone))


def _named(own: Preferences, organization: Organization, timezone: str) -> str:
    return rules.timezone(own, organization) or timezone
