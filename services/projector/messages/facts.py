"""Read records about anything but appointments and deliveries into rows of the views."""

from datetime import timedelta
from uuid import UUID

import orjson

from chassis.errors import InvalidMessage
from contracts import envelope
from contracts.availability import AvailabilityChanged, BusyTimesChanged
from contracts.calendars import SubscriptionsChanged
from contracts.envelope import Envelope, Record
from contracts.feeds import FeedChanged
from contracts.holds import HoldEvent
from contracts.notifications import ChannelSuspension
from contracts.outcomes import Outcome, PreferencesOutcome
from contracts.preferences import OrganizationPreferencesChanged, PreferencesChanged
from contracts.reading import read_event
from contracts.series import SeriesEvent
from services.projector.domain.outcomes import CommandOutcome, Preference, Rules, Suspension
from services.projector.domain.times import (
    BusyTimes,
    CalendarSubscriptions,
    Feed,
    Hold,
    Hours,
    Series,
    margin,
)

CLOCKS_APART = timedelta(hours=1)


def hours(record: Record, _: Envelope) -> Hours:
    """Return a person's availability. Raises ValidationError."""
    availability = read_event(AvailabilityChanged, record.value).availability
    policy = availability.policy
    around = margin(policy.buffer_before + policy.buffer_after, policy.max_per_day is not None)
    return Hours(
        availability.user_id,
        availability.organization_id,
        availability.version,
        around,
        availability.model_dump_json(),
    )


def busy_times(record: Record, _: Envelope) -> BusyTimes:
    """Return a change of a person's busy times. Raises ValidationError."""
    event = read_event(BusyTimesChanged, record.value)
    return BusyTimes(
        event.user_id,
        event.organization_id,
        event.version,
        ranges=tuple((time.uid, time.start_time, time.end_time) for time in event.busy_times),
        gone=tuple(event.removed),
        at=record.timestamp,
        source=event.source or "",
    )


def hold(record: Record, head: Envelope) -> Hold:
    """Return a hold, placed or released. Raises ValidationError."""
    state = read_event(HoldEvent, record.value).hold
    released = head.type == "hold.released"
    return Hold(
        state.id,
        state.organization_id,
        2 if released else 1,
        tuple(state.user_ids),
        state.start_time,
        state.end_time,
        # Well before now: a reader whose clock is behind ours must not see it any more.
        record.timestamp - CLOCKS_APART if released else state.expires_at,
        state.owner_id,
    )


def series(record: Record, _: Envelope) -> Series:
    """Return a series as a whole. Raises ValidationError."""
    state = read_event(SeriesEvent, record.value).series
    return Series(state.id, state.organization_id, state.version, state.model_dump_json())


def feed(record: Record, _: Envelope) -> Feed:
    """Return the feed of a person's calendar. Raises ValidationError."""
    event = read_event(FeedChanged, record.value)
    return Feed(event.user_id, event.organization_id, event.version, event.token_hash)


def subscriptions(record: Record, _: Envelope) -> CalendarSubscriptions:
    """Return a person's subscribed calendars without their sealed addresses. Raises ValidationError."""
    event = read_event(SubscriptionsChanged, record.value)
    items = [one.model_dump(mode="json", exclude={"sealed"}) for one in event.subscriptions]
    body = orjson.dumps(items).decode()
    return CalendarSubscriptions(event.user_id, event.organization_id, event.version, body)


def outcome(record: Record, head: Envelope) -> CommandOutcome:
    """Return the outcome of a command. Raises ValidationError."""
    of_preferences = head.source == "appointments/notifier"
    model: type[PreferencesOutcome | Outcome] = PreferencesOutcome if of_preferences else Outcome
    event = read_event(model, record.value)
    body = event.model_dump_json(warnings=False)  # a status of a newer release is kept
    elsewhere = envelope.key_elsewhere(head.organization, event.command_id)
    key = elsewhere if head.id == envelope.outcome_id(elsewhere) else event.command_id
    return CommandOutcome(key, head.organization, head.actor, body, record.timestamp)


def preference(record: Record, head: Envelope) -> Preference:
    """Return a person's preferences. Raises ValidationError, InvalidMessage."""
    event = read_event(PreferencesChanged, record.value)
    return Preference(
        event.user_id,
        organization(head),
        event.version,
        event.preferences.model_dump_json(exclude_unset=True),
    )


def rules(record: Record, _: Envelope) -> Rules:
    """Return the preferences of an organization. Raises ValidationError."""
    event = read_event(OrganizationPreferencesChanged, record.value)
    return Rules(event.organization_id, event.version, event.preferences.model_dump_json(exclude_unset=True))


def suspension(record: Record, head: Envelope) -> Suspension:
    """Return the suspension of a person's channel. Raises ValidationError, InvalidMessage."""
    event = read_event(ChannelSuspension, record.value)
    return Suspension(
        user_id=event.user_id,
        organization_id=organization(head),
        channel=str(event.channel),
        since=event.since,
        reason=event.reason,
        version=event.version,
        restored_at=event.restored_at,
    )


def organization(head: Envelope) -> UUID:
    """Return the organization of a record. Raises InvalidMessage if the header is missing."""
    if head.organization is None:
        raise InvalidMessage("header organization is missing")
    return head.organization
