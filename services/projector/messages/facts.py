"""From records about anything but appointments and deliveries to what the views keep of them."""

from uuid import UUID

from chassis.errors import InvalidMessage
from contracts import envelope
from contracts.availability import AvailabilityChanged, BusyTimesChanged
from contracts.envelope import Envelope, Record
from contracts.feeds import FeedChanged
from contracts.holds import HoldEvent
from contracts.notifications import ChannelSuspension
from contracts.outcomes import Outcome, PreferencesOutcome
from contracts.preferences import OrganizationPreferencesChanged, PreferencesChanged
from contracts.reading import read_event
from contracts.series import SeriesEvent
from services.projector.domain.answers import Answer, Preference, Rules, Suspension
from services.projector.domain.times import BusyTimes, Feed, Hold, Hours, Series, ended, margin


def hours(record: Record, _: Envelope) -> Hours:
    """A person's availability. Raises ValidationError."""
    told = read_event(AvailabilityChanged, record.value).availability
    policy = told.policy
    around = margin(policy.buffer_before + policy.buffer_after, policy.max_per_day is not None)
    return Hours(told.user_id, told.organization_id, told.version, around, told.model_dump_json())


def busy_times(record: Record, _: Envelope) -> BusyTimes:
    """What changed of the time that a person's other calendars take. Raises ValidationError."""
    told = read_event(BusyTimesChanged, record.value)
    return BusyTimes(
        told.user_id,
        told.organization_id,
        told.version,
        ranges=tuple((time.uid, time.start_time, time.end_time) for time in told.busy_times),
        gone=tuple(told.removed),
        at=record.timestamp,
    )


def hold(record: Record, head: Envelope) -> Hold:
    """Time that is kept free, or free again. Raises ValidationError."""
    told = read_event(HoldEvent, record.value).hold
    if head.type == "hold.released":
        return ended(told.id, told.organization_id, record.timestamp)
    return Hold(
        told.id,
        told.organization_id,
        1,
        tuple(told.user_ids),
        told.start_time,
        told.end_time,
        told.expires_at,
    )


def series(record: Record, _: Envelope) -> Series:
    """A series as a whole. Raises ValidationError."""
    told = read_event(SeriesEvent, record.value).series
    return Series(told.id, told.organization_id, told.version, told.model_dump_json())


def feed(record: Record, _: Envelope) -> Feed:
    """The address of a person's calendar. Raises ValidationError."""
    told = read_event(FeedChanged, record.value)
    return Feed(told.user_id, told.organization_id, told.version, told.token_hash)


def answer(record: Record, head: Envelope) -> Answer:
    """The outcome of a command. Raises ValidationError."""
    of_preferences = head.source == "appointments/notifier"
    model: type[PreferencesOutcome | Outcome] = PreferencesOutcome if of_preferences else Outcome
    told = read_event(model, record.value)
    body = told.model_dump_json(warnings=False)  # a status of a newer release is carried through
    elsewhere = envelope.key_elsewhere(head.organization, told.command_id)
    key = elsewhere if head.id == envelope.outcome_id(elsewhere) else told.command_id
    return Answer(key, head.organization, head.actor, body, record.timestamp)


def preference(record: Record, head: Envelope) -> Preference:
    """A person's preferences. Raises ValidationError, InvalidMessage."""
    told = read_event(PreferencesChanged, record.value)
    return Preference(
        told.user_id, organization(head), told.version, told.preferences.model_dump_json(exclude_unset=True)
    )


def rules(record: Record, _: Envelope) -> Rules:
    """What holds for everybody in an organization. Raises ValidationError."""
    told = read_event(OrganizationPreferencesChanged, record.value)
    return Rules(told.organization_id, told.version, told.preferences.model_dump_json(exclude_unset=True))


def suspension(record: Record, head: Envelope) -> Suspension:
    """A channel of a person. Raises ValidationError, InvalidMessage."""
    told = read_event(ChannelSuspension, record.value)
    return Suspension(
        user_id=told.user_id,
        organization_id=organization(head),
        channel=str(told.channel),
        since=told.since,
        reason=told.reason,
        version=told.version,
        restored_at=told.restored_at,
    )


def organization(head: Envelope) -> UUID:
    """Whose record it is. Raises InvalidMessage when its headers do not say."""
    if head.organization is None:
        raise InvalidMessage("header organization is missing")
    return head.organization
