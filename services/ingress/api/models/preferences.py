"""Preferences as somebody chose them, patches of them, and the matrix of a page that edits them."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from contracts.fields import Channel, CommandBody, LeadTimes, Locale, Timezone
from contracts.notifications import NotificationType
from contracts.preferences import ChannelSwitches, ExpectedVersion, QuietHours, TimeOfDay, none_at_all
from notifications.rules import Level
from services.ingress.api.models.base import SOME_ABSENT, Answered


class OwnDigest(Answered):
    """One message a day, at that time, instead of many."""

    enabled: bool
    at: str


class OwnPreferences(Answered):
    """Preferences that one level chose; an absent field follows the next level. Quiet hours of false: none at
    all.
    """

    model_config = SOME_ABSENT
    timezone: str | None = None
    locale: str | None = None
    channels: dict[Channel, bool] = Field(default_factory=dict)
    types: dict[str, dict[Channel, bool]] = Field(default_factory=dict)
    lead_times: dict[Channel, list[int]] = Field(default_factory=dict)
    quiet_hours: QuietHours | Literal[False] | None = None
    digest: OwnDigest | None = None


class OwnOrganizationPreferences(Answered):
    """Preferences that the admins of an organization chose."""

    defaults: OwnPreferences
    mandatory: dict[str, list[Channel]]


class QuietHoursPatch(CommandBody):
    """Bounds of quiet hours to change."""

    start: TimeOfDay | None = None
    end: TimeOfDay | None = None


class DigestPatch(CommandBody):
    """Fields of the digest to change."""

    enabled: bool | None = Field(None, strict=True)
    at: TimeOfDay | None = None


class PreferenceFieldsPatch(CommandBody):
    """A merge patch (RFC 7396): null withdraws a choice, an absent field stays. Quiet hours of false: none at
    all.
    """

    timezone: Timezone | None = None
    locale: Locale | None = None
    channels: ChannelSwitches | None = None
    types: dict[NotificationType, ChannelSwitches | None] | None = None
    lead_times: dict[Channel, LeadTimes | None] | None = None
    quiet_hours: Annotated[
        QuietHoursPatch | None,
        BeforeValidator(none_at_all, json_schema_input_type=QuietHoursPatch | Literal[False] | None),
    ] = None
    digest: DigestPatch | None = None


class PreferencesPatch(PreferenceFieldsPatch):
    """A merge patch of the caller's preferences."""

    expected_version: ExpectedVersion = None


class OrganizationPreferencesPatch(CommandBody):
    """A merge patch of an organization's preferences."""

    defaults: PreferenceFieldsPatch | None = None
    mandatory: dict[NotificationType, list[Channel] | None] | None = None
    expected_version: ExpectedVersion = None


class Cell(Answered):
    """One type on one channel. `inherits`: whether it is on once the choice for this cell is withdrawn.

    `locked`: nobody's choice changes it for this person.
    """

    on: bool
    level: Level
    locked: bool
    mandatory: bool
    inherits: bool


class TypeRow(Answered):
    """A type of notification; urgent ones come in quiet hours, too."""

    type: NotificationType
    urgent: bool
    cells: dict[Channel, Cell]


class ChannelState(Answered):
    """A channel; `suspended` says why nothing is sent there, null if it works."""

    on: bool
    level: Literal["always", "person", "organization", "default"]
    suspended: str | None


ChosenLevel = Literal["person", "organization", "default"]
AccountLevel = Literal["person", "organization", "account"]


class LeadTimesState(Answered):
    """When reminders come on a channel."""

    minutes: list[int] = Field(description="Before the start.")
    level: ChosenLevel


class QuietHoursState(Answered):
    """Hours in which normal messages wait; null: none."""

    start: str | None
    end: str | None
    level: ChosenLevel


class DigestState(Answered):
    """Whether there is one message a day instead of many."""

    enabled: bool
    at: str
    level: ChosenLevel


class TextState(Answered):
    """A zone or a language; null: that of the account."""

    value: str | None
    level: AccountLevel


class PreferenceMatrix(Answered):
    """All preferences that hold, each with the level that decides it."""

    version: int
    channels: dict[Channel, ChannelState]
    types: list[TypeRow]
    lead_times: dict[Channel, LeadTimesState]
    quiet_hours: QuietHoursState
    digest: DigestState
    timezone: TextState
    locale: TextState
