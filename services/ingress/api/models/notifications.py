"""Preferences, previews and figures of notifications as the API answers them."""

from datetime import date

from pydantic import Field

from contracts.fields import Channel
from contracts.notifications import NotificationType
from contracts.preferences import Digest, QuietHours
from notifications.rules import Level
from services.ingress.api.models.base import Answered


class EffectivePreferences(Answered):
    """Preferences as they hold for a person. `timezone` and `locale` null follow the person's account."""

    timezone: str | None
    locale: str | None
    channels: dict[Channel, bool]
    types: dict[str, dict[Channel, bool]]
    lead_times: dict[Channel, list[int]] = Field(description="Minutes before the start.")
    quiet_hours: QuietHours | None
    digest: Digest


class EffectiveOrganizationPreferences(Answered):
    """Preferences that hold for everybody in an organization, and channels that cannot be switched off."""

    defaults: EffectivePreferences
    mandatory: dict[str, list[Channel]]


class ChannelExplanation(Answered):
    """Whether a channel is used, the level that decides it, and a sentence; `code` stands for the sentence."""

    channel: Channel
    on: bool
    level: Level
    code: str
    reason: str


class PreferencesExplanation(Answered):
    """The channels of a type of notification."""

    type: NotificationType
    channels: list[ChannelExplanation]


class Preview(Answered):
    """The texts of a template with sample data, in the language `locale`."""

    type: NotificationType
    template_id: str
    version: int
    channel: Channel
    locale: str
    variables: dict[str, str]
    rendered: dict[str, str]


class DayOfDeliveries(Answered):
    """Deliveries that were planned on one UTC day, by type and channel; times are exact, in seconds from
    planning.
    """

    date: date
    type: str
    channel: Channel
    planned: int
    sent: int
    delivered: int
    failed: int
    bounced: int
    expired: int
    dead_lettered: int
    sent_p50_s: float | None
    sent_p95_s: float | None
    delivered_p50_s: float | None
    delivered_p95_s: float | None


class Analytics(Answered):
    """An item for each day, type and channel, in this order."""

    items: list[DayOfDeliveries]
