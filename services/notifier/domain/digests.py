"""One message a day instead of many: what may wait for it, for which one, and what becomes of it when the day changes.

A person's digest belongs to a day of their own calendar (its window), and there is one at most for each. Everything is
decided anew from the preferences as they are, so that a new hour or another zone moves what is open and nothing twice.
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
    """One digest of a person: its day on their calendar, when it is due (UTC), and that in plain words."""

    day: date
    due: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """What of a message decides whether it can wait for a digest. `timezone`: the recipient's, as Identity knows it."""

    type: str
    channel: str
    priority: str
    timezone: str
    starts_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """A digest that has not gone out. `by_choice`: the person, or their organization, had switched it on."""

    day: date
    timezone: str
    by_choice: bool


@dataclass(frozen=True, slots=True)
class Close:
    """It goes out now, by this channel."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Release:
    """There is no digest any more: what waited goes out by itself."""


Review = Window | Close | Release


def digest_id(user_id: UUID, day: date) -> UUID:
    """The id of a person's one digest of a day; its delivery has the same."""
    return uuid5(user_id, f"digest/{day.isoformat()}")


def is_chosen(own: Preferences, organization: Organization) -> bool:
    """Whether the person gets a digest however few messages there are."""
    return bool((found := rules.digest(own, organization)) and found.enabled)


def beyond(told: int, more: int, threshold: int) -> int:
    """How many of `more` messages, the last ones of `told` on a day, are beyond what comes one by one (0: no limit)."""
    return min(more, max(0, told - threshold)) if threshold else 0


def day_of(now: datetime, own: Preferences, organization: Organization, timezone: str) -> date:
    """The day on the person's calendar."""
    return now.astimezone(_place(own, organization, timezone)).date()


def window_for(
    message: Message,
    own: Preferences,
    organization: Organization,
    now: datetime,
    closed: Collection[date],
    suspended: Collection[str] = (),
) -> Window | None:
    """The digest that a message waits for, the first that has not gone out; None: it goes out by itself.

    Nothing waits that is urgent, mandatory, or about something that starts before the digest could be read.
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
    """Whether that digest comes in time, be it that quiet hours hold the digest itself."""
    place = _place(own, organization, message.timezone)
    read = waits_until(window.due, rules.quiet_hours(own, organization), place) or window.due
    return read <= message.starts_at and read < message.expires_at


def unwanted(message: Message, own: Preferences, organization: Organization) -> str | None:
    """Why what waited is not sent any more although nothing happened to its appointment: its channel is off now."""
    decision = decide(message.type, message.channel, own, organization)
    return None if decision.on else decision.reason


def review(
    digest: Open,
    own: Preferences,
    organization: Organization,
    now: datetime,
    suspended: Collection[str] = (),
) -> Review:
    """What becomes of an open digest that is due, or whose person has other preferences now.

    `suspended`: channels whose address bounced; where no other is left, each message is on its own again.
    """
    decision = channel_for(own, organization, suspended)
    if decision is None or (digest.by_choice and not is_chosen(own, organization)):
        return Release()
    window = _window(digest.day, own, organization, digest.timezone)
    return window if now < window.due else Close(decision)


def channel_for(
    own: Preferences, organization: Organization, suspended: Collection[str] = ()
) -> Decision | None:
    """How the digest itself goes: by e-mail, or by push where e-mail is off; None: there is no way."""
    decisions = (decide(DIGEST.type, channel, own, organization) for channel in (EMAIL, PUSH))
    return next((one for one in decisions if one.on and one.channel not in suspended), None)


def _next(
    own: Preferences, organization: Organization, timezone: str, now: datetime, closed: Collection[date]
) -> Window | None:
    """The first digest from now on that has not gone out: today's or one of the next two days'."""
    today = day_of(now, own, organization, timezone)
    windows = (_window(today + timedelta(days=days), own, organization, timezone) for days in range(3))
    return next((window for window in windows if window.due > now and window.day not in closed), None)


def _window(day: date, own: Preferences, organization: Organization, timezone: str) -> Window:
    """A time that the clocks skip is read with the offset before the change; of one that comes twice the first counts."""
    at = (rules.digest(own, organization) or Digest()).at
    due = datetime.combine(day, at, _place(own, organization, timezone)).astimezone(UTC)
    return Window(day, due, f"waits for the digest at {at:%H:%M} ({_named(own, organization, timezone)})")


def _place(own: Preferences, organization: Organization, timezone: str) -> tzinfo:
    return zone(_named(own, organization, timezone))


def _named(own: Preferences, organization: Organization, timezone: str) -> str:
    return rules.timezone(own, organization) or timezone
