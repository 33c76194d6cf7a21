"""The channels that remind a person, and their lead times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from notifications.preferences import NO_RULES, NOTHING_SAID, Organization, Preferences
from notifications.rules import decide, lead_times

CHANNELS = ("email", "sms", "in_app", "push")
"""The order in which channels are named: timers with the same channels compare equal."""

LeadTimes = Mapping[str, tuple[int, ...]]
"""Minutes before the start for each channel; an absent channel has none."""

REMINDER = "appointment_reminder"


@dataclass(frozen=True, slots=True)
class PreferencesInForce:
    """The notification preferences of people and organizations; absent ones never set any.

    `defaults`: the lead times if neither the person nor the appointment nor the organization names any.
    """

    defaults: LeadTimes
    people: Mapping[UUID, Preferences] = field(default_factory=dict)
    organizations: Mapping[UUID, Organization] = field(default_factory=dict)

    def of_person(self, person: UUID) -> Preferences:
        """Return the preferences of a person; empty if never set."""
        return self.people.get(person, NOTHING_SAID)

    def of_organization(self, organization: UUID) -> Organization:
        """Return the preferences of an organization; empty if never set."""
        return self.organizations.get(organization, NO_RULES)


def channels_by_lead(
    own: Preferences, organization: Organization, own_lead_times: LeadTimes, defaults: LeadTimes
) -> dict[int, tuple[str, ...]]:
    """Return, for each lead time, the channels that remind then, without those that are off for the person.

    `own_lead_times`: the appointment's; empty if it names none.
    """
    leads = lead_times(own, organization, own_lead_times, defaults)
    found: dict[int, list[str]] = {}
    for channel in CHANNELS:
        minutes = leads.get(channel)
        if minutes and decide(REMINDER, channel, own, organization).on:
            for lead in dict.fromkeys(minutes):
                found.setdefault(lead, []).append(channel)
    return {lead: tuple(channels) for lead, channels in found.items()}
