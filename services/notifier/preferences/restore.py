"""Fill a new database with what people and organizations said, and what bounced, from the notifier's own events.

Commands are kept for 14 days, events for ever: without this, a lost database would forget what was said before.
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
    """The newest that was said: by each person, in which organization, and for each organization; and of each channel."""

    persons: dict[UUID, tuple[UUID, Preferences]] = field(default_factory=dict)
    organizations: dict[UUID, Organization] = field(default_factory=dict)
    channels: dict[tuple[UUID, str], Suspension] = field(default_factory=dict)


def newest(records: Iterable[Record]) -> PreferencesInLog:
    """What these events say, by version, in whatever order they come; other and unreadable records say nothing."""
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
        told = read_event(OrganizationPreferencesChanged, record.value)
        rules = organization_of(set_fields(told.preferences) | {"version": told.version})
        if rules.version > found.organizations.get(told.organization_id, NO_RULES).version:
            found.organizations[told.organization_id] = rules
    elif head.type in CHANNEL_EVENT_TYPES and head.organization:
        channel = _suspension(read_event(ChannelSuspension, record.value), head.organization)
        known = found.channels.get((channel.user_id, channel.channel))
        if known is None or channel.version > known.version:
            found.channels[channel.user_id, channel.channel] = channel


def _suspension(told: ChannelSuspension, organization: UUID) -> Suspension:
    return Suspension(
        user_id=told.user_id,
        channel=str(told.channel),
        organization_id=organization,
        version=told.version,
        since=told.since,
        reason=told.reason,
        notification_id=told.notification_id,
        restored_at=told.restored_at,
    )


async def restore(tx: Transaction, found: PreferencesInLog) -> tuple[int, int]:
    """Keep what is newer than what the database has; returns how many persons and organizations that were."""
    await preferences.lock_commands(tx)
    stand = await preferences.load(tx, found.persons)
    persons = {
        user: (organization, own)
        for user, (organization, own) in found.persons.items()
        if own.version > stand.get(user, NOTHING_SAID).version
    }
    rules = await preferences.organizations(tx, found.organizations)
    organizations = {
        identifier: told
        for identifier, told in found.organizations.items()
        if told.version > rules.get(identifier, NO_RULES).version
    }
    await preferences.save(tx, persons)
    await preferences.save_organizations(tx, organizations)
    await suspensions.save(tx, list(found.channels.values()))
    return len(persons), len(organizations)
