"""Which channels remind a person, and how long before the start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from notifications.preferences import NO_RULES, NOTHING_SAID, Organization, Preferences
from notifications.rules import decide, lead_times

CHANNELS = ("email", "sms", "in_app", "push")
"""The order in which channels are named, so that equal timers are equal."""

LeadTimes = Mapping[str, tuple[int, ...]]
"""Minutes before the start for each channel; a channel that is absent has none."""

REMINDER = "appointment_reminder"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people and organizations said about notifications; who is absent said nothing.

    `defaults`: the lead times where neither a person, an appointment nor an organization names any.
    """

    defaults: LeadTimes
    people: Mapping[UUID, Preferences] = field(default_factory=dict)
    organizations: Mapping[UUID, Organization] = field(default_factory=dict)

    def said_by(self, person: UUID) -> Preferences:
        """What that person said."""
        return self.people.get(person, NOTHING_SAID)

    def rules_of(self, organization: UUID) -> Organization:
        """What holds for everybody there."""
        return self.organizations.get(organization, NO_RULES)


def channels_by_lead(
    own: Preferences, organization: Organization, asked: LeadTimes, defaults: LeadTimes
) -> dict[int, tuple[str, ...]]:
    """For each lead time the channels that remind then: what is off for the person is off.

    `asked`: the appointment's own lead times; empty where it names none.
    """
    leads = lead_times(own, organization, asked, defaults)
    found: dict[int, list[str]] = {}
    for channel in CHANNELS:
        minutes = leads.get(channel)
        if minutes and decide(REMINDER, channel, own, organization).on:
            for lead in dict.fromkeys(minutes):
                found.setdefault(lead, []).append(channel)
    return {lead: tuple(channels) for lead, channels in found.items()}
