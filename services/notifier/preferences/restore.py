"""Restores preferences and suspensions in a new database from the notifier's own events.

Commands are kept for 14 days, events for ever: without this, a lost database would lose older preferences.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import ValidationError

from chassis.database.transactions import Transaction
from contracts import envelope
from contracts.envelope import MalformedEnvelope, Record
from contracts.notifications import CHANNEL_EVENT_TYPES, ChannelSuspension
from contracts.preferences import OrganizationPreferencesChanged, PreferencesChanged, set_fields
from contracts.reading import read_event
from notifications.preferences import (
    NO_RULES,
    NOTHING_SAID,
    Organization,
    Preferences,
    organization_of,
    preferences_of,
)
from services.notifier.store import preferences, suspensions
from services.notifier.store.suspensions import Suspension


@dataclass(slots=True)
class PreferencesInLog:
    """The newest preferences of people, with their organization, and of organizations.

    And the newest suspensions.
    """

    persons: dict[UUID, tuple[UUID, Preferences]] = field(default_factory=dict)
    organizations: dict[UUID, Organization] = field(default_factory=dict)
    channels: dict[tuple[UUID, str], Suspension] = field(default_factory=dict)


def newest(records: Iterable[Record]) -> PreferencesInLog:
    """Return the newest versions in these events, in whatever order they come.

    Skip other and unreadable records.
    """
    found = PreferencesInLog()
    for record in records:
        try:
            _learn(found, record)
        except (MalformedEnvelope, ValidationError):
            continue
    return found


def _learn(found: PreferencesInLog, record: Record) -> None:
    head = envelope.read(record.headers)
    if head.type == "preferences.changed" and head.organization:
        person = read_event(PreferencesChanged, record.value)
        own = preferences_of(set_fields(person.preferences) | {"version": person.version})
        if own.version > found.persons.get(person.user_id, (None, NOTHING_SAID))[1].version:
            found.persons[person.user_id] = (head.organization, own)
    elif head.type == "organization_preferences.changed":
        change = read_event(OrganizationPreferencesChanged, record.value)
        rules = organization_of(set_fields(change.preferences) | {"version": change.version})
        if rules.version > found.organizations.get(change.organization_id, NO_RULES).version:
            found.organizations[change.organization_id] = rules
    elif head.type in CHANNEL_EVENT_TYPES and head.organization:
        channel = _suspension(read_event(ChannelSuspension, record.value), head.organization)
        known = found.channels.get((channel.user_id, channel.channel))
        if known is None or channel.version > known.version:
            found.channels[channel.user_id, channel.channel] = channel


def _suspension(event: ChannelSuspension, organization: UUID) -> Suspension:
    return Suspension(
        user_id=event.user_id,
        channel=str(event.channel),
        organization_id=organization,
        version=event.version,
        since=event.since,
        reason=event.reason,
        notification_id=event.notification_id,
        restored_at=event.restored_at,
    )


async def restore(tx: Transaction, found: PreferencesInLog) -> tuple[int, int]:
    """Save versions that are newer than the database's; return the numbers of persons and organizations."""
    await preferences.lock_commands(tx)
    stand = await preferences.load(tx, found.persons)
    persons = {
        user: (organization, own)
        for user, (organization, own) in found.persons.items()
        if own.version > stand.get(user, NOTHING_SAID).version
    }
    rules = await preferences.organizations(tx, found.organizations)
    organizations = {
        identifier: organization
        for identifier, organization in found.organizations.items()
        if organization.version > rules.get(identifier, NO_RULES).version
    }
    await preferences.save(tx, persons)
    await preferences.save_organizations(tx, organizations)
    await suspensions.save(tx, list(found.channels.values()))
    return len(persons), len(organizations)
